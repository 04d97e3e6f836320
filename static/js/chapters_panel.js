// A recording's chapters, below its form: added at the player's place, renamed, moved, removed, or from a WebVTT file. Owns
// the panel, and needs nothing else of the page. They are saved as a whole; what was there before can be had back.
import { ApiError, call, csrfToken, ownAddress, problemOf } from "./api.js";
import { secondsOf, timeText } from "./chapter_places.js";
import { ClockMap } from "./clock_map.js";
import { need, translator } from "./page_data.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";

/** @typedef {import("./chapter_places.js").Chapter} Chapter */

const UNDO_MS = 15_000;

const t = translator("chapters-strings");
const root = need("#chapters");
const recording = root.dataset.api;
const api = `${recording}/chapters`;
const form = /** @type {HTMLFormElement} */ (need("#chapters-form"));
const list = /** @type {HTMLElement} */ (need("#chapter-rows"));
const file = /** @type {HTMLInputElement} */ (need("#chapters-file"));
const video = /** @type {HTMLVideoElement} */ (need("#chapters-video"));
const rows = () => /** @type {HTMLElement[]} */ ([...list.children]);

/** @type {{chapters: Chapter[], version: string}} */ let saved = { chapters: [], version: "" };
/** @type {import("./hls_player.js").HlsPlayer | null} */ let player = null;

/** @param {unknown} error null: it is good again */
function problem(error) {
  const words = error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved");
  need("#chapters-problem").hidden = error === null;
  setText(need("#chapters-problem-words"), error === null ? "" : words);
  if (error !== null) need("#chapters-problem").scrollIntoView({ block: "nearest" });
}

/** @param {() => Promise<void>} act what may go wrong is told above the list */
async function attempt(act) {
  root.setAttribute("aria-busy", "true");
  try {
    await act();
    problem(null);
  } catch (error) {
    problem(error);
  }
  root.removeAttribute("aria-busy");
}

/** @param {{chapters: Chapter[], version: string}} told */
function take(told) {
  saved = told;
  list.replaceChildren(...told.chapters.map(rowOf));
  changed(false);
}

/** @param {boolean} is whether something is not saved yet */
function changed(is) {
  root.dataset.changed = String(is);
  need("#chapters-discard").hidden = !is;
  need("#chapters-download").hidden = !saved.chapters.length;
  list.hidden = !list.childElementCount;
  need("#no-chapters").hidden = !list.hidden;
  for (const [index, row] of rows().entries()) nameParts(row, index + 1);
}

/** @param {HTMLElement} row @param {number} number as screen readers say it */
function nameParts(row, number) {
  for (const [part, words] of [["[data-field=at]", "begins"], ["[data-field=title]", "title"], ["[data-act=play]", "play"], ["[data-act=remove]", "remove"]]) {
    need(part, row).setAttribute("aria-label", t(words, { number }));
  }
  for (const part of ["play", "remove"]) need(`[data-act=${part}]`, row).title = t(part, { number });
}

/** @param {Chapter} chapter @returns {HTMLElement} */
function rowOf({ at, title }) {
  const row = /** @type {HTMLElement} */ (need("#chapter-row").content.firstElementChild.cloneNode(true));
  const [time, name] = [need("[data-field=at]", row), need("[data-field=title]", row)];
  Object.assign(row.dataset, { at: String(at), text: timeText(at) });
  time.value = timeText(at);
  name.value = title;
  time.addEventListener("input", () => { time.setCustomValidity(secondsOf(time.value) === null ? t("bad_time") : ""); changed(true); });
  name.addEventListener("input", () => changed(true));
  need("[data-act=play]", row).addEventListener("click", () => playFrom(momentOf(row)));
  need("[data-act=remove]", row).addEventListener("click", () => remove(row));
  return row;
}

/** A time that was not touched stays as exact as it was. @param {HTMLElement} row @returns {number} seconds of the lecture's clock */
function momentOf(row) {
  const text = need("[data-field=at]", row).value;
  return text === row.dataset.text ? Number(row.dataset.at) : secondsOf(text) ?? 0;
}

/** @returns {Chapter[]} */
function written() {
  return rows().map((row) => ({ at: momentOf(row), title: need("[data-field=title]", row).value.trim() }));
}

/** At the player's place, with the name to be written next. */
function add() {
  const at = Math.round((player?.clock ?? 0) * 10) / 10;
  const row = rowOf({ at, title: "" });
  list.insertBefore(row, rows().find((one) => momentOf(one) > at) ?? null);
  changed(true);
  need("[data-field=title]", row).focus();
  toast(t("added", { time: timeText(at) }));
}

/** @param {HTMLElement} row */
function remove(row) {
  const next = /** @type {HTMLElement | null} */ (row.nextElementSibling ?? row.previousElementSibling);
  row.remove();
  changed(true);
  if (next) need("[data-act=remove]", next).focus();
  else need("#chapter-add").focus();
  toast(t("removed"));
}

/** @param {number} clock seconds */
function playFrom(clock) {
  if (!player) return;
  player.seekTo(new ClockMap(player.fragments).toPlayer(clock));
  player.play();
}

/** @param {Chapter[]} chapters @param {string} words said when it is done */
async function save(chapters, words) {
  const before = saved.chapters;
  const body = { chapters: chapters.map(({ at, title }) => ({ at, title })) };
  take(await call("PUT", `${api}?base=${saved.version}`, body));
  const undo = { words: t("undo"), act: () => void attempt(() => save(before, t("undone"))) };
  toast(words, UNDO_MS, undo);
}

/** @param {File} chosen */
async function upload(chosen) {
  const before = saved.chapters;
  const headers = { "Content-Type": "text/vtt", "X-CSRFToken": csrfToken() };
  const answer = await fetch(`${api}?base=${saved.version}`, { method: "PUT", headers, body: chosen });
  if (!answer.ok) throw await problemOf(answer);
  take(await answer.json());
  toast(t("saved"), UNDO_MS, { words: t("undo"), act: () => void attempt(() => save(before, t("undone"))) });
}

let isOpen = false;
/** The recording, to look where chapters begin; without it they are written by their times. */
async function openPlayer() {
  if (isOpen) return;
  isOpen = true;
  const { hls_url: url } = await call("GET", recording);
  if (!url) return;
  const [{ HlsPlayer }, { renewWhenDenied }] = await Promise.all([import("./hls_player.js"), import("./new_address.js")]);
  player = new HlsPlayer(video);
  player.load(ownAddress(url), { live: false });
  renewWhenDenied(player, async () => (await call("GET", recording)).hls_url);
  for (const news of ["timeupdate", "seeked", "loadeddata"]) video.addEventListener(news, () => setText(need("#chapter-now"), timeText(player?.clock ?? 0)));
}

// Most who come to this page want something else of it: the recording is loaded for who turns to it.
for (const sign of ["pointerenter", "focusin"]) need(".chapter-desk", root).addEventListener(sign, () => void attempt(openPlayer));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(() => save(written(), t("saved")));
});
need("#chapter-add").addEventListener("click", add);
need("#chapters-discard").addEventListener("click", () => take(saved));
need("#chapters-upload").addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  const [chosen] = file.files ?? [];
  if (chosen) void attempt(() => upload(chosen));
  file.value = ""; // the same file may be chosen again
});
void attempt(async () => take(await call("GET", api)));
