// Trim and cut beside the player: marks at its position, a list of what is hidden, a preview, versions to go back to.
// Loaded when one begins to. Nothing is hidden before it is saved, and nothing is ever lost: each save is a version.
import { ApiError, call, ownAddress } from "./api.js";
import { ClockMap } from "./clock_map.js";
import { isSame, joined, preciseTime, shownAgainAt, shownSeconds, timeTyped } from "./hidden_spans.js";
import { HlsPlayer } from "./hls_player.js";
import { renewWhenDenied } from "./new_address.js";
import { language, need, t } from "./page_data.js";
import { toast } from "./toast.js";

const TICK_MS = 100;
const LEAD_SECONDS = 2; // before a span that is looked at

/** @typedef {import("./hidden_spans.js").HiddenSpan} HiddenSpan */
/** @typedef {{version: number, made_by: string, author: string | null, made_at: string | null, hidden: HiddenSpan[]}} Version */
/** @typedef {{version: number, seconds: number, hidden: HiddenSpan[], versions: Version[], started_at: string, hls_url: string}} Told */

export class CutEditor {
  /** @type {HiddenSpan[]} */ #spans = [];
  /** @type {Told} */ #told;
  #map = new ClockMap([]);
  #start = need("#span-start");
  #end = need("#span-end");

  /** @param {string} api the recording's edit in the API @param {Told} told */
  constructor(api, told) {
    this.api = api;
    this.#told = told;
    this.video = need("#cut-video");
    this.player = new HlsPlayer(this.video);
    this.player.zero = Date.parse(told.started_at);
    this.player.load(ownAddress(told.hls_url), { live: false });
    renewWhenDenied(this.player, async () => (await call("GET", api)).hls_url);
    this.#take(told);
    this.#listen();
    window.setInterval(() => this.#tick(), TICK_MS);
  }

  #listen() {
    const on = (/** @type {string} */ place, /** @type {() => void} */ act) => need(place).addEventListener("click", act);
    on("#mark-in", () => this.#mark(this.#start));
    on("#mark-out", () => this.#mark(this.#end));
    on("#trim-start", () => this.#hide({ start: 0, end: this.player.clock, kind: "cut" }));
    on("#trim-end", () => this.#hide({ start: this.player.clock, end: this.#told.seconds, kind: "cut" }));
    on("#cuts-save", () => void this.#save({ hidden: this.#spans }));
    on("#cuts-discard", () => { this.#spans = this.#told.hidden; this.#draw(); });
    need("#span-form").addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.#add(); });
    need("#cut-panel").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#pressed(event));
    window.addEventListener("beforeunload", (event) => { if (this.#isChanged) event.preventDefault(); });
  }

  get #isChanged() { return !isSame(this.#spans, this.#told.hidden); }

  /** I and O mark, J and L move, K plays; fields keep their keys. @param {KeyboardEvent} event */
  #pressed(event) {
    const { target } = event;
    const typing = target instanceof HTMLElement && target.closest("input:not([type=checkbox], [type=radio])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      i: () => this.#mark(this.#start), o: () => this.#mark(this.#end), k: () => this.player.togglePlaying(),
      j: () => this.player.seekBy(-5), l: () => this.player.seekBy(5), ",": () => this.player.step(-1), ".": () => this.player.step(1),
    };
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {HTMLInputElement} field */
  #mark(field) {
    field.value = preciseTime(this.player.clock);
    this.#problem("");
  }

  #add() {
    const [start, end] = [timeTyped(this.#start.value), timeTyped(this.#end.value)];
    if (start === null || end === null) { this.#problem(t("no_span_time")); return; }
    if (end <= start) { this.#problem(t("span_backwards")); return; }
    const kind = need("[name=span-kind]:checked").value;
    this.#hide({ start, end, kind });
    this.#start.value = this.#end.value = "";
    this.#start.focus();
  }

  /** @param {HiddenSpan} span */
  #hide(span) {
    if (span.end <= span.start) return;
    this.#problem("");
    this.#spans = joined([...this.#spans, span]);
    this.#draw();
  }

  /** @param {{hidden: HiddenSpan[]} | {version: number}} wish */
  async #save(wish) {
    const buttons = document.querySelectorAll("#cuts-save, #versions button");
    for (const button of buttons) /** @type {HTMLButtonElement} */ (button).disabled = true;
    try {
      this.#take(await call("PUT", this.api, { ...wish, base: this.#told.version }));
      this.#problem("");
      toast(t("cuts_saved"));
    } catch (error) {
      this.#problem(error instanceof ApiError && error.detail ? error.detail : t("not_saved"));
      this.#draw();
    }
  }

  /** @param {Told} told */
  #take(told) {
    this.#told = told;
    this.#spans = told.hidden;
    this.#draw();
    need("#cut-panel").dataset.version = String(told.version);
  }

  /** @param {string} words */
  #problem(words) {
    need("#cut-problem").hidden = !words;
    need("#cut-problem-words").textContent = words;
  }

  #draw() {
    const { seconds } = this.#told;
    need("#hidden-list").replaceChildren(...this.#spans.map((span) => this.#line(span)));
    need("#nothing-hidden").hidden = this.#spans.length > 0;
    need("#cut-bar").replaceChildren(...this.#spans.map((span) => mark(span, seconds)), need("#cut-place"));
    need("#cut-length").textContent = t("cut_length", { shown: preciseTime(shownSeconds(this.#spans, seconds)), whole: preciseTime(seconds) });
    need("#cuts-unsaved").hidden = !this.#isChanged;
    need("#cuts-save").disabled = need("#cuts-discard").disabled = !this.#isChanged;
    need("#versions").replaceChildren(...this.#told.versions.map((version) => this.#version(version)));
  }

  /** @param {HiddenSpan} span */
  #line(span) {
    const line = need("#hidden-line").content.firstElementChild.cloneNode(true);
    const times = { from: preciseTime(span.start), to: preciseTime(span.end) };
    line.dataset.kind = span.kind;
    need(".span-times", line).textContent = `${times.from} – ${times.to}`;
    need(".is-cut", line).hidden = span.kind !== "cut";
    need(".is-private", line).hidden = span.kind !== "private";
    const look = need(".look-at-span", line);
    look.setAttribute("aria-label", t("look_at_span", times));
    look.addEventListener("click", () => { this.#seek(Math.max(0, span.start - LEAD_SECONDS)); this.player.play(); });
    const remove = need(".remove-span", line);
    remove.setAttribute("aria-label", t("show_span_again", times));
    remove.addEventListener("click", () => {
      this.#spans = this.#spans.filter((one) => one !== span);
      this.#draw();
      need("#span-start").focus();
    });
    return line;
  }

  /** @param {Version} version */
  #version(version) {
    const line = need("#version-line").content.firstElementChild.cloneNode(true);
    const when = version.made_at ? new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(version.made_at)) : "";
    const who = version.made_by === "person" ? version.author ?? t("by_somebody") : t(`by_${version.made_by}`);
    need(".version-words", line).textContent = t("version_words", { version: version.version, who, count: version.hidden.length });
    need(".version-when", line).textContent = when;
    const back = need("button", line);
    back.hidden = version.version === this.#told.version;
    back.setAttribute("aria-label", t("back_to_version", { version: version.version }));
    back.addEventListener("click", () => void this.#save({ version: version.version }));
    return line;
  }

  /** @param {number} clock */
  #seek(clock) {
    this.player.seekTo(this.#newestMap().toPlayer(clock));
  }

  #newestMap() {
    this.#map = new ClockMap(this.player.fragments, this.player.zero);
    return this.#map;
  }

  #tick() {
    const { clock } = this.player;
    const words = preciseTime(clock);
    if (need("#cut-now").textContent !== words) need("#cut-now").textContent = words;
    need("#cut-place").style.insetInlineStart = `${100 * Math.min(1, clock / (this.#told.seconds || 1))}%`;
    if (!need("#cut-preview").checked || this.video.paused || this.video.seeking) return;
    const next = shownAgainAt(this.#spans, clock);
    if (next === null) return;
    if (next >= this.#told.seconds - 0.2) this.video.pause();
    else this.#seek(next);
  }
}

/** @param {HiddenSpan} span @param {number} seconds of the whole bar */
function mark({ start, end, kind }, seconds) {
  const drawn = document.createElement("span");
  drawn.className = `hidden-mark ${kind}`;
  drawn.style.insetInlineStart = `${(100 * start) / (seconds || 1)}%`;
  drawn.style.inlineSize = `${(100 * Math.max(0, Math.min(end, seconds) - start)) / (seconds || 1)}%`;
  return drawn;
}
