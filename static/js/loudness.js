// How loud a recording is, as a curve and as the stretches of silence in it. Pure.

const SPAN = 36; // dB from the curve's foot to its top
const LEAST_TOP = -34; // dB: of a recording that is soft throughout, noise is not drawn as speech
const LOUD_SHARE = 0.95;
const SILENT_SECONDS = 4; // shorter is a pause for breath

/** @typedef {{seconds: number, step: number, levels: number[]}} Loudness seconds, seconds, dB below full scale */
/** @typedef {{start: number, end: number}} Stretch seconds */

/** @param {Loudness} loudness @returns {number[]} of each step, 0 to 1 */
export function heightsOf({ levels }) {
  const top = topOf(levels);
  return levels.map((level) => Math.min(1, Math.max(0, (level - top + SPAN) / SPAN)));
}

/** Where nothing stands above the curve's foot. @param {Loudness} loudness @returns {Stretch[]} */
export function silencesOf(loudness) {
  const { step, seconds } = loudness;
  /** @type {Stretch[]} */ const found = [];
  let begun = -1;
  for (const [at, height] of [...heightsOf(loudness), 1].entries()) {
    if (height > 0 && begun >= 0) {
      const stretch = { start: begun * step, end: Math.min(at * step, seconds) };
      if (stretch.end - stretch.start >= SILENT_SECONDS) found.push(stretch);
      begun = -1;
    } else if (height === 0 && begun < 0) begun = at;
  }
  return found;
}

/** The curve as steps, for an SVG of `heights.length` by 1. @param {number[]} heights @returns {string} a path's `d` */
export function outlineOf(heights) {
  const steps = heights.map((height, at) => `V${(1 - height).toFixed(3)}H${at + 1}`);
  return `M0 1${steps.join("")}V1Z`;
}

/** @param {number[]} levels what nearly all of the recording is softer than */
function topOf(levels) {
  const sorted = [...levels].sort((one, other) => one - other);
  return Math.max(LEAST_TOP, sorted[Math.floor(sorted.length * LOUD_SHARE)] ?? 0);
}
