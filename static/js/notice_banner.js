// The notices at the head of every page: put away for good in this browser, and new ones shown without a reload.
import { call } from "./api.js";

const LOOK_MS = 60_000; // to one and a half times that, each page at its own time
const COOKIE = "kodo_notices_read";
const MOST_REMEMBERED = 20;
const KEPT_SECONDS = 365 * 24 * 3600;

/** @typedef {{id: string, text: string, language: string}} Shown */

/** @type {HTMLElement | null} */ let place = null;

export function showNotices() {
  place = document.querySelector("#site-notices");
  if (!place) return;
  place.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    const notice = button?.closest("[data-notice]");
    if (notice instanceof HTMLElement) putAway(notice);
  });
  window.setInterval(() => { if (!document.hidden) void look(); }, LOOK_MS * (1 + Math.random() / 2));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void look(); });
  place.dataset.ready = "true";
}

/** @param {HTMLElement} notice */
function putAway(notice) {
  document.cookie = cookieWith(document.cookie, notice.dataset.notice ?? "", location.protocol === "https:");
  const next = notice.nextElementSibling ?? notice.previousElementSibling;
  notice.remove();
  const focused = /** @type {HTMLElement | null} */ (next?.querySelector("button") ?? document.querySelector("#content"));
  focused?.focus(); // or the keyboard would begin anew
}

/**
 * Pure: what a browser's list becomes.
 * @param {string} cookies @param {string} id @param {boolean} secure
 */
export function cookieWith(cookies, id, secure) {
  const known = new RegExp(`(?:^|; )${COOKIE}=([^;]*)`).exec(cookies)?.[1] ?? "";
  const ids = [...known.split(".").filter((one) => one && one !== id), id].slice(-MOST_REMEMBERED);
  return `${COOKIE}=${ids.join(".")}; path=/; max-age=${KEPT_SECONDS}; samesite=lax${secure ? "; secure" : ""}`;
}

async function look() {
  try {
    draw((await call("GET", "/api/v1/notices", undefined, { cache: "no-cache" })).notices);
  } catch (error) {
    console.info("notices:", error); // the next look may succeed
  }
}

/** Those that are there stay as they are, so that the focus does. @param {Shown[]} shown */
function draw(shown) {
  const wanted = new Set(shown.map((one) => one.id));
  const there = /** @type {HTMLElement[]} */ ([...(place?.querySelectorAll("[data-notice]") ?? [])]);
  for (const line of there) if (!wanted.has(line.dataset.notice ?? "")) line.remove();
  const known = new Set(there.map((line) => line.dataset.notice));
  for (const one of shown) if (!known.has(one.id)) place?.append(lineOf(one));
}

/** @param {Shown} one */
function lineOf({ id, text, language }) {
  const template = /** @type {HTMLTemplateElement} */ (document.querySelector("#notice-line"));
  const line = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  line.dataset.notice = id;
  const words = /** @type {HTMLElement} */ (line.querySelector("[data-field=text]"));
  words.textContent = text;
  words.lang = language;
  return line;
}
