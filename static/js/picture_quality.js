// Which size of picture machine and line carry, and what a size may cost. Pure.

/** @typedef {{name: string, width: number, height: number, bitrate: number, screenBitrate: number}} Quality bits per second at most */

/** @type {Quality[]} from small to large */
export const QUALITIES = [
  { name: "360p", width: 640, height: 360, bitrate: 700_000, screenBitrate: 1_000_000 },
  { name: "480p", width: 854, height: 480, bitrate: 1_200_000, screenBitrate: 1_600_000 },
  { name: "720p", width: 1280, height: 720, bitrate: 2_500_000, screenBitrate: 3_500_000 },
  { name: "1080p", width: 1920, height: 1080, bitrate: 4_500_000, screenBitrate: 6_000_000 },
];
export const AUTO = "auto";
export const FRAMES_PER_SECOND = 30;

const LINE_SHARE = 0.7; // of what was measured: a line is never as good for two hours as for three seconds
const PAINT_SHARE = 0.4; // of the time between two pictures; the encoder wants the rest
const CORES_FOR_1080P = 8; // a guess that costs nothing when wrong: the rest is measured
const PATIENCE_MS = 15_000;
const LASTING = 5; // seconds

/** @typedef {{cores: number, uplinkKilobits: number | null, paintMs: number}} Means what is known; `paintMs`: per megapixel; null: not measured */

/** @param {string} choice a name or "auto" @param {Means} means @returns {Quality} */
export function qualityFor(choice, means) {
  const chosen = QUALITIES.find((quality) => quality.name === choice);
  if (chosen) return chosen;
  const fitting = QUALITIES.filter((quality) => carries(quality, means));
  return fitting.at(-1) ?? QUALITIES[0];
}

/** @param {Quality} quality @param {Means} means */
function carries(quality, { cores, uplinkKilobits, paintMs }) {
  if (quality.height > 720 && (cores < CORES_FOR_1080P || uplinkKilobits === null)) return false;
  if (quality.height > 480 && cores < 2) return false;
  if (uplinkKilobits !== null && quality.bitrate > LINE_SHARE * uplinkKilobits * 1000) return false;
  return (paintMs * quality.width * quality.height) / 1e6 < (PAINT_SHARE * 1000) / FRAMES_PER_SECOND;
}

/** The next smaller one, or null. @param {Quality} quality */
export const smaller = (quality) => QUALITIES[QUALITIES.findIndex((q) => q.name === quality.name) - 1] ?? null;

/** What painting costs this machine: the dearest that lasted, so that a size once too large does not come back by itself. */
export class PaintCost {
  /** @type {number[]} */ #lately = [];
  #dearest = 0;

  /** @param {number} paintMs of one picture, over the last second @param {number} pixels @returns {number} ms per megapixel */
  learn(paintMs, pixels) {
    this.#lately = [...this.#lately.slice(1 - LASTING), (1e6 * paintMs) / pixels];
    if (this.#lately.length === LASTING) this.#dearest = Math.max(this.#dearest, Math.min(...this.#lately));
    return this.#dearest;
  }
}

/** Says when a picture that the machine or line does not carry has lasted too long to wait for better times. */
export class Overload {
  #since = 0;

  /**
   * @param {{limited: string, framesPerSecond: number, kilobits: number}} figures of the line @param {Quality} quality
   * @param {number} now ms @returns {boolean} true once each time patience has run out
   */
  look({ limited, framesPerSecond, kilobits }, quality, now) {
    const starved = limited === "bandwidth" && kilobits < (0.35 * quality.bitrate) / 1000;
    const slow = limited === "cpu" || (framesPerSecond > 0 && framesPerSecond < 0.7 * FRAMES_PER_SECOND);
    if (!starved && !slow) { this.#since = 0; return false; }
    this.#since ||= now;
    if (now - this.#since < PATIENCE_MS) return false;
    this.#since = 0;
    return true;
  }
}
