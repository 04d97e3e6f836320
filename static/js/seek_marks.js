// What the server tells of a lecture's slates, gaps and healed stretches, and where that lies on the seek bar. Pure.

/** @typedef {{kind: "slate" | "gap" | "healed" | "private", start: number, end: number | null, seconds: number}} Mark seconds; `end` null: it is shown now */

/** @param {string} hlsUrl of what is played @returns {string} the address of its marks */
export function marksAddress(hlsUrl) {
  return hlsUrl.replace(/index\.m3u8$/, "marks.json").replace(/replay-(\d+)\.m3u8$/, "marks-$1.json");
}

/** @param {Mark} mark whether something was left out there, and it has no length of its own */
export const isLeftOut = (mark) => mark.end !== null && mark.end <= mark.start;

/**
 * The mark at a place on the bar: the one that holds it, else the nearest within `near`.
 * @param {Mark[]} marks @param {number} at @param {number} near seconds @returns {Mark | null}
 */
export function markAt(marks, at, near) {
  let [found, least] = /** @type {[Mark | null, number]} */ ([null, near]);
  for (const mark of marks) {
    const away = Math.max(0, mark.start - at, at - (mark.end ?? Infinity));
    if (away <= least) [found, least] = [mark, away];
  }
  return found;
}

/**
 * @param {Mark} mark @param {{start: number, end: number}} range of the seek bar, seconds
 * @returns {{left: number, width: number} | null} shares of the bar's length; null: not on it
 */
export function placeOnBar(mark, { start, end }) {
  const length = end - start;
  const [from, to] = [mark.start, mark.end ?? end];
  if (!(length > 0) || to < start || from > end) return null;
  const left = Math.max(0, (from - start) / length);
  return { left, width: Math.max(0, Math.min(1, (to - start) / length) - left) };
}
