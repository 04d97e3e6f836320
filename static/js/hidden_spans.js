// Hidden spans of a recording, as its editor handles them: joined, told as times, skipped in the preview. Pure.

/** @typedef {{start: number, end: number, kind: "cut" | "private"}} HiddenSpan seconds of the lecture's own clock */

const TENTHS = 10;

/** In order, those of a kind that touch joined: as the server keeps them. @param {HiddenSpan[]} spans @returns {HiddenSpan[]} */
export function joined(spans) {
  /** @type {HiddenSpan[]} */ const found = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = found.findLast(({ kind }) => kind === span.kind);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else found.push({ ...span });
  }
  return found;
}

/** @param {HiddenSpan[]} spans @param {HiddenSpan[]} others */
export const isSame = (spans, others) => JSON.stringify(joined(spans).map(asTold)) === JSON.stringify(joined(others).map(asTold));

/** @param {HiddenSpan} span */
const asTold = ({ start, end, kind }) => [start.toFixed(3), end.toFixed(3), kind];

/**
 * Where the preview goes on.
 * @param {HiddenSpan[]} spans @param {number} clock @returns {number | null} the end of what is hidden there; null: it is shown
 */
export function shownAgainAt(spans, clock) {
  let at = clock;
  for (const { start, end } of joined(spans.map((span) => ({ ...span, kind: "cut" })))) if (start <= at && at < end) at = end;
  return at > clock ? at : null;
}

/** How long it is without what is hidden. @param {HiddenSpan[]} spans @param {number} seconds of all of it */
export function shownSeconds(spans, seconds) {
  const hidden = joined(spans.map((span) => ({ ...span, kind: "cut" })));
  return seconds - hidden.reduce((sum, { start, end }) => sum + Math.max(0, Math.min(end, seconds) - Math.min(start, seconds)), 0);
}

/** @param {number} seconds @returns {string} `4:07.3`, `1:04:07.0` */
export function preciseTime(seconds) {
  const tenths = Math.round(Math.max(0, seconds) * TENTHS);
  const whole = Math.floor(tenths / TENTHS);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${h ? `${h}:${two(m)}` : m}:${two(s)}.${tenths % TENTHS}`;
}

/** What somebody typed. @param {string} text `90`, `1:30`, `1:02:03.5` @returns {number | null} seconds; null: no time */
export function timeTyped(text) {
  const plain = text.trim().replaceAll("：", ":");
  if (!/^(?:(?:\d{1,3}:)?\d{1,3}:)?\d{1,6}(?:\.\d{1,3})?$/.test(plain)) return null;
  return plain.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
