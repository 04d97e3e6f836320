// Where in a playlist a moment lies. Pure.

/**
 * @param {{start: number, duration: number, programDateTime: number | null}[]} fragments of a playlist, in order
 * @param {number} date wall clock, ms
 * @returns {number} seconds; a moment that was left out (a slate) is the beginning of what follows it
 */
export function positionOfDate(fragments, date) {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) continue;
    if (date < programDateTime) return start;
    if (date < programDateTime + duration * 1000) return start + (date - programDateTime) / 1000;
  }
  const last = fragments.at(-1);
  return last ? Math.max(0, last.start + last.duration - 1) : 0;
}

/**
 * Whether a jump was the viewer's wish to leave the live edge, and not a player's small nudge forward.
 * @param {number} from @param {number} to seconds @param {number} behind seconds, after the jump
 */
export function isRewind(from, to, behind) {
  return to < from - 0.5 && behind > 3;
}
