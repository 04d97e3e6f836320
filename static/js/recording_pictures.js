// A recording's small pictures over the seek bar, and how loud it is under it. Loaded when a recording is watched, after its
// first picture, by the player's page. Where the pictures are not to be had the bar goes without them.
import { ownAddress } from "./api.js";
import { heightsOf, outlineOf, silencesOf } from "./loudness.js";
import { need, t } from "./page_data.js";
import { offerPoster } from "./poster_button.js";
import { cueAt, cuesOf } from "./storyboard.js";

/** @typedef {{storyboard_url: string | null, loudness_url: string | null}} Addresses */
/** @typedef {{start: number, end: number}} Range */

const SVG = "http://www.w3.org/2000/svg";

/** Over the place that the pointer shows: the picture there, and whether nothing is heard. */
class SeekPreview {
  /** @type {import("./storyboard.js").Cue[]} */ cues = [];
  /** @type {import("./loudness.js").Stretch[]} */ silences = [];
  #picture = slotted("preview-picture");
  #words = slotted("mark-words");

  constructor() {
    need("media-time-range").prepend(this.#picture, this.#words);
    this.#words.textContent = t("silence");
  }

  /** @param {number} at seconds of the playlist */
  show(at) {
    const cue = cueAt(this.cues, at);
    this.#picture.hidden = !cue;
    this.#words.hidden = !this.silences.some(({ start, end }) => start <= at && at < end);
    if (!cue) return;
    this.#picture.style.backgroundImage = `url("${cue.url}")`;
    this.#picture.style.backgroundPosition = `-${cue.x}px -${cue.y}px`;
  }
}

/** @param {string} className @returns {HTMLElement} */
function slotted(className) {
  const element = document.createElement("span");
  Object.assign(element, { className, slot: "preview", hidden: true });
  return element;
}

/** @param {import("./loudness.js").Loudness} loudness @returns {Element} */
function strip(loudness) {
  const heights = heightsOf(loudness);
  const drawn = drawing("svg", { viewBox: `0 0 ${heights.length} 1`, preserveAspectRatio: "none", class: "loudness", "aria-hidden": "true" });
  drawn.append(drawing("path", { d: outlineOf(heights) }));
  for (const { start, end } of silencesOf(loudness)) {
    drawn.append(drawing("rect", { x: start / loudness.step, y: 0.8, width: (end - start) / loudness.step, height: 0.2 }));
  }
  return drawn;
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function drawing(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @type {SeekPreview | null} */ let preview = null;
let shown = "";

/**
 * What is played now; nothing for what is live.
 * @param {import("./hls_player.js").HlsPlayer} player @param {Addresses | null} addresses
 */
export async function showPicturesOf(player, addresses) {
  const { storyboard_url: storyboard = null, loudness_url: loudness = null } = addresses ?? {};
  if (shown === `${storyboard} ${loudness}`) return;
  shown = `${storyboard} ${loudness}`;
  const asked = shown;
  preview ??= begin(player);
  const [cues, levels] = await Promise.all([fetchCues(storyboard), fetchLevels(loudness)]);
  if (asked !== shown) return; // what is played has changed meanwhile
  preview.cues = cues;
  preview.silences = levels ? silencesOf(levels) : [];
  document.querySelector(".loudness")?.remove();
  if (levels?.levels.length) need(".seek").prepend(strip(levels));
}

/** @param {import("./hls_player.js").HlsPlayer} player */
function begin(player) {
  const one = new SeekPreview();
  const button = document.querySelector("#use-as-poster");
  if (button instanceof HTMLButtonElement) offerPoster(button, player);
  player.addEventListener("change", () => { if (player.isLive) void showPicturesOf(player, null); }); // the next lecture
  const seek = need(".seek");
  seek.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    const bar = seek.getBoundingClientRect();
    const { start, end } = player.range;
    one.show(start + ((end - start) * (event.clientX - bar.left)) / bar.width);
  });
  return one;
}

/** @param {string | null} url */
async function fetchCues(url) {
  const answer = await answerOf(url);
  return answer ? cuesOf(await answer.text(), answer.url) : [];
}

/** @param {string | null} url @returns {Promise<import("./loudness.js").Loudness | null>} */
async function fetchLevels(url) {
  const answer = await answerOf(url);
  return answer ? answer.json() : null;
}

/** @param {string | null} url @returns {Promise<Response | null>} */
async function answerOf(url) {
  try {
    const answer = url ? await fetch(ownAddress(url)) : null;
    return answer?.ok ? answer : null;
  } catch (error) {
    console.info("no pictures:", error);
    return null;
  }
}
