// Times told relative to now with the absolute one on hover, in the reader's zone; lengths as on a clock.
import { ago, clockTime } from "./figures.js";
import { language } from "./page_data.js";
import { serverNow } from "./server_clock.js";

/** Called again from time to time, and for what has been added. @param {ParentNode} [root] */
export function drawTimes(root = document) {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-ago]"))) drawTime(time);
  for (const length of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-seconds]"))) {
    setText(length, length.dataset.seconds ? clockTime(Number(length.dataset.seconds)) : "");
  }
  for (const dated of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-date]"))) drawDate(dated);
}

/** A sentence with a day in it. @param {HTMLElement} dated */
function drawDate(dated) {
  const at = new Date(dated.dataset.date ?? "");
  if (Number.isNaN(at.getTime())) return; // in a template
  const day = new Intl.DateTimeFormat(language(), { dateStyle: "long" }).format(at);
  setText(dated, (dated.dataset.words ?? "").replace("{date}", day));
  dated.title = new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "short" }).format(at);
}

/** @param {HTMLTimeElement} time */
function drawTime(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return; // in a template
  setText(time, ago((serverNow() - at.getTime()) / 1000, language()));
  time.title = new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "short" }).format(at);
}

/** Only what changed is written: a screen reader would read it again. @param {Element} element @param {string} words */
export function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
