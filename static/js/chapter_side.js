// The chapters of what is played: marks on the seek bar, the name of the one under the pointer, and their list beside the
// player. Loaded by the player's page once there are any.
import { call, ownAddress } from "./api.js";
import { chapterAt, placedChapters } from "./chapter_places.js";
import { ClockMap } from "./clock_map.js";
import { clockTime } from "./figures.js";
import { need } from "./page_data.js";
import { placeOnBar } from "./seek_marks.js";

const TICK_MS = 250;

/** @typedef {import("./chapter_places.js").Chapter} Chapter */
/** @typedef {import("./chapter_places.js").Placed} Placed */

export class ChapterSide {
  #url = "";
  /** @type {Chapter[]} */ #chapters = [];
  /** @type {Placed[]} */ #placed = [];
  #drawnFor = "";
  #marks = element("div", "marks chapter-marks");
  #name = element("span", "mark-words chapter-name");

  /** @param {import("./hls_player.js").HlsPlayer} player */
  constructor(player) {
    this.player = player;
    this.pane = document.querySelector("#chapters") ? new ChapterPane((start) => this.#jump(start)) : null;
    this.#marks.setAttribute("aria-hidden", "true");
    Object.assign(this.#name, { slot: "preview", hidden: true, dir: "auto" });
    const seek = need(".seek");
    seek.append(this.#marks);
    need("media-time-range", seek).prepend(this.#name);
    seek.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#pointAt(event.clientX));
    window.setInterval(() => this.#tick(), TICK_MS);
  }

  /** @param {string | null} url of the API; null: what is played now has none */
  async show(url) {
    const address = url ? ownAddress(url) : "";
    if (address === this.#url) return;
    this.#url = address;
    this.#chapters = [];
    this.#drawnFor = "";
    this.#tick();
    try {
      const { chapters } = address ? await call("GET", address) : { chapters: [] };
      if (address !== this.#url) return; // what is played has changed meanwhile
      this.#chapters = chapters;
    } catch (error) {
      console.info("no chapters:", error);
    }
    this.#drawnFor = "";
  }

  /** Drawn anew where the bar, or what the replay leaves out, is another. */
  #tick() {
    const { range, fragments, video } = this.player;
    const drawnFor = `${range.start} ${range.end} ${fragments.length}`;
    if (drawnFor !== this.#drawnFor) {
      this.#drawnFor = drawnFor;
      this.#draw();
    }
    this.pane?.follow(chapterAt(this.#placed, video.currentTime));
  }

  #draw() {
    const { range, fragments } = this.player;
    this.#placed = placedChapters(this.#chapters, new ClockMap(fragments), range.end);
    this.#marks.replaceChildren(...this.#placed.flatMap(({ start }) => {
      const place = placeOnBar({ kind: "gap", start, end: start, seconds: 0 }, range);
      if (!place || place.left === 0) return []; // the first one begins where the bar does
      const mark = element("span", "mark chapter");
      mark.style.insetInlineStart = `${100 * place.left}%`;
      return [mark];
    }));
    this.pane?.show(this.#placed);
    need("#room").dataset.chapters = String(this.#placed.length);
  }

  /** @param {number} x px of the window */
  #pointAt(x) {
    const bar = need(".seek").getBoundingClientRect();
    const { start, end } = this.player.range;
    const index = chapterAt(this.#placed, start + ((end - start) * (x - bar.left)) / bar.width);
    this.#name.hidden = index < 0;
    if (index >= 0) this.#name.textContent = this.#placed[index].title;
  }

  /** @param {number} start seconds of the player */
  #jump(start) {
    this.player.seekTo(start);
    if (this.player.video.paused) this.player.play();
  }
}

/** The list; where the transcript would stand, one of the two at a time. */
class ChapterPane {
  /** @type {Placed[]} */ #placed = [];
  /** @type {HTMLButtonElement[]} */ #lines = [];
  #current = -1;
  #pane = need("#chapters");
  #list = need("#chapter-lines");
  #opener = need("#chapters-open");
  #transcript = need("#transcript");

  /** @param {(start: number) => void} jump seconds of the player */
  constructor(jump) {
    this.jump = jump;
    this.#opener.addEventListener("click", () => (this.#pane.hidden ? this.#open() : this.#close(this.#opener)));
    need("#chapters-close").addEventListener("click", () => this.#close(this.#opener));
    need("#transcript-open").addEventListener("click", () => this.#close(null));
    this.#pane.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") this.#close(this.#opener); });
    this.#list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#pressed(event));
  }

  /** @param {Placed[]} placed */
  show(placed) {
    this.#opener.hidden = !placed.length;
    if (!placed.length) this.#close(null);
    if (isSame(placed, this.#placed)) { this.#placed = placed; return; }
    this.#placed = placed;
    this.#current = -1;
    this.#lines = placed.map((one, index) => this.#line(one, index));
    this.#list.replaceChildren(...this.#lines.map((line) => {
      const item = document.createElement("li");
      item.append(line);
      return item;
    }));
    if (this.#lines.length) this.#lines[0].tabIndex = 0;
  }

  /** @param {number} index of the chapter that is played, -1: none yet */
  follow(index) {
    if (index === this.#current) return;
    this.#lines[this.#current]?.removeAttribute("aria-current");
    this.#current = index;
    const line = this.#lines[index];
    if (!line) return;
    line.setAttribute("aria-current", "true");
    if (this.#list.contains(document.activeElement)) return;
    this.#makeReachable(line);
    this.#list.scrollTop = line.offsetTop - this.#list.clientHeight / 3; // only the list moves, never the page
  }

  /** @param {Placed} one @param {number} index @returns {HTMLButtonElement} */
  #line({ title, at }, index) {
    const line = /** @type {HTMLButtonElement} */ (need("#transcript-line").content.querySelector("button").cloneNode(true));
    need(".figures", line).textContent = clockTime(at);
    need(".said", line).textContent = title;
    line.addEventListener("click", () => this.jump(this.#placed[index].start));
    return line;
  }

  /** One tab stop for all of them; the arrows go from one to the next. @param {KeyboardEvent} event */
  #pressed(event) {
    const at = this.#lines.findIndex((line) => line === document.activeElement);
    const last = this.#lines.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const line = this.#lines[Math.min(last, Math.max(0, to))];
    this.#makeReachable(line);
    line.focus();
  }

  /** @param {HTMLElement} line */
  #makeReachable(line) {
    for (const one of this.#lines) one.tabIndex = one === line ? 0 : -1;
  }

  #open() {
    if (!this.#transcript.hidden) need("#transcript-close").click();
    this.#pane.hidden = false;
    this.#opener.setAttribute("aria-expanded", "true");
    const current = this.#current;
    this.#current = -1;
    this.follow(current);
    need("#chapters-title").focus({ preventScroll: true });
  }

  /** @param {HTMLElement | null} then has the focus next */
  #close(then) {
    if (this.#pane.hidden) return;
    this.#pane.hidden = true;
    this.#opener.setAttribute("aria-expanded", "false");
    then?.focus();
  }
}

/** @param {Placed[]} one @param {Placed[]} other */
const isSame = (one, other) => one.length === other.length && one.every(({ at, title }, index) => at === other[index].at && title === other[index].title);

/** @param {string} name @param {string} kind @returns {HTMLElement} */
function element(name, kind) {
  const made = document.createElement(name);
  made.className = kind;
  return made;
}
