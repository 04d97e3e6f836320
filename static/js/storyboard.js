// The small pictures of a recording: which one is shown at a second of it, and where it lies on which sheet. Pure.

/** @typedef {{start: number, end: number, url: string, x: number, y: number, width: number, height: number}} Cue seconds, pixels */

const CUE = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> (?:(\d+):)?(\d\d):(\d\d\.\d{3})[^\n]*\n([^\n#]+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;

/** @param {string} text WebVTT @param {string} base its address, which the sheets' are relative to @returns {Cue[]} */
export function cuesOf(text, base) {
  return [...text.replaceAll("\r\n", "\n").matchAll(CUE)].map((found) => {
    const [x, y, width, height] = found.slice(8).map(Number);
    return { start: seconds(found, 1), end: seconds(found, 4), url: new URL(found[7], base).href, x, y, width, height };
  });
}

/** The last one that has begun, else the first. @param {Cue[]} cues ascending @param {number} at @returns {Cue | null} */
export function cueAt(cues, at) {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle].start <= at) low = middle + 1;
    else high = middle;
  }
  return cues[Math.max(0, low - 1)] ?? null;
}

/** @param {RegExpMatchArray} found @param {number} first its group of hours */
function seconds(found, first) {
  return Number(found[first] ?? 0) * 3600 + Number(found[first + 1]) * 60 + Number(found[first + 2]);
}
