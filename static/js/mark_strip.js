// The marks on the seek bar, and the same in words for those who do not see them. Owned by the player's page.
import { ownAddress } from "./api.js";
import { clockTime } from "./figures.js";
import { need, t } from "./page_data.js";
import { isLeftOut, markAt, marksAddress, placeOnBar } from "./seek_marks.js";

const NEAR = 0.012; // of the bar's length: as near as a finger points

/** @typedef {import("./seek_marks.js").Mark} Mark */

export class MarkStrip {
  /** @type {Mark[]} */ #marks = [];
  #url = "";

  /** @param {import("./hls_player.js").HlsPlayer} player */
  constructor(player) {
    this.player = player;
    player.video.addEventListener("durationchange", () => { if (this.#marks.length) this.draw(); }); // three times a second while live
  }

  /** The bar is on the picture now. */
  attach() {
    need(".seek").addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#pointAt(event.clientX));
    this.draw();
  }

  /** What lies under the pointer stands over the time that media-chrome shows there. @param {number} x px of the window */
  #pointAt(x) {
    const bar = need(".seek").getBoundingClientRect();
    const { start, end } = this.player.range;
    const mark = markAt(this.#marks, start + ((end - start) * (x - bar.left)) / bar.width, NEAR * (end - start));
    const box = need("#mark-words");
    box.hidden = !mark;
    if (mark) box.textContent = words(mark);
  }

  /** Ask anew: another playlist, or its state has changed. @param {string} hlsUrl */
  async load(hlsUrl) {
    const url = ownAddress(marksAddress(hlsUrl));
    if (url !== this.#url) { this.#marks = []; this.draw(); }
    this.#url = url;
    const marks = await fetchMarks(url);
    if (url !== this.#url || !marks) return; // what is played has changed meanwhile
    this.#marks = marks;
    this.draw();
    this.#tell();
  }

  /** Again whenever the bar's length changes. */
  draw() {
    const strip = document.querySelector("#marks");
    if (!strip) return;
    strip.replaceChildren(...this.#marks.flatMap((mark) => this.#drawn(mark)));
  }

  /** @param {Mark} mark @returns {HTMLElement[]} */
  #drawn(mark) {
    const place = placeOnBar(mark, this.player.range);
    if (!place) return [];
    const drawn = document.createElement("span");
    drawn.className = `mark ${mark.kind}${isLeftOut(mark) ? " left-out" : ""}`;
    drawn.style.insetInlineStart = `${100 * place.left}%`;
    drawn.style.inlineSize = isLeftOut(mark) ? "" : `${100 * place.width}%`;
    return [drawn];
  }

  #tell() {
    const list = need("#mark-list");
    list.hidden = !this.#marks.length;
    list.replaceChildren(...this.#marks.map((mark) => {
      const item = document.createElement("li");
      item.textContent = words(mark);
      return item;
    }));
  }
}

/** @param {Mark} mark */
function words(mark) {
  const values = { time: clockTime(mark.start), length: clockTime(mark.seconds) };
  if (mark.kind === "private") return t("mark_private", values);
  if (isLeftOut(mark)) return mark.kind === "slate" ? t("mark_slate_left_out", values) : t("mark_gap_left_out", values);
  if (mark.kind === "healed") return t("mark_healed", values);
  return mark.kind === "slate" ? t("mark_slate", values) : t("mark_gap", values);
}

/** @param {string} url @returns {Promise<Mark[] | null>} null: no answer; the bar goes without marks */
async function fetchMarks(url) {
  try {
    const response = await fetch(url, { credentials: "omit" });
    return response.ok ? (await response.json()).marks : null;
  } catch (error) {
    console.info("no marks:", error);
    return null;
  }
}
