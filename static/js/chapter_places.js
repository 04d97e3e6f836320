// Chapters in a player's own time, and times as people type them. Pure.

/** @typedef {{at: number, title: string, origin?: string}} Chapter `at`: seconds of the lecture's clock */
/** @typedef {Chapter & {start: number}} Placed `start`: seconds of the player */

const SAME_PLACE = 0.05; // seconds

/**
 * Those that a replay shows: of some that begin where it left something out, the last one is told.
 * @param {Chapter[]} chapters in order @param {import("./clock_map.js").ClockMap} map @param {number} end of the player, seconds
 * @returns {Placed[]}
 */
export function placedChapters(chapters, map, end) {
  const found = chapters.map((one) => ({ ...one, start: map.toPlayer(one.at) })).filter(({ start }) => start < end - SAME_PLACE);
  return found.filter(({ start }, index) => (found[index + 1]?.start ?? Infinity) - start > SAME_PLACE);
}

/** @param {Placed[]} placed @param {number} time seconds of the player @returns {number} index, -1 before the first one */
export function chapterAt(placed, time) {
  return placed.findLastIndex(({ start }) => start <= time + SAME_PLACE);
}

/** @param {string} text `1:02:03`, `2:03.5`, `45` @returns {number | null} seconds; null: no time */
export function secondsOf(text) {
  const match = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:[.,]\d{1,3})?)$/.exec(text.trim().normalize("NFKC"));
  if (!match) return null;
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number((part ?? "0").replace(",", ".")));
  if (match[2] !== undefined && seconds >= 60) return null;
  if (match[1] !== undefined && minutes >= 60) return null;
  return hours * 3600 + minutes * 60 + seconds;
}

/** As `secondsOf` reads it. @param {number} seconds @returns {string} `1:02:03.5` */
export function timeText(seconds) {
  const tenths = Math.round(seconds * 10);
  const [h, m, s] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60, Math.floor(tenths / 10) % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const rest = tenths % 10 ? `.${tenths % 10}` : "";
  return (h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`) + rest;
}
