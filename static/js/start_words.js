// When a lecture begins, in words of the reader's zone and language. Pure: no DOM, no clock.

const LATE_MS = 2 * 3600 * 1000; // as the server's lecture_schedule.LATE: no session takes it up any more

/** @param {string} iso @param {number} now ms @returns {boolean} whether it will not be held any more */
export const hasLapsed = (iso, now) => now >= Date.parse(iso) + LATE_MS;

/**
 * Which sentence tells a start, and what is filled in: `begins_today` (time), `begins_on` (date, time), `begins_late` (time).
 * @param {string} iso @param {number} now ms @param {string} language @param {string} [timeZone] of the reader
 * @returns {{key: "begins_today" | "begins_on" | "begins_late", values: {date: string, time: string}}}
 */
export function startWords(iso, now, language, timeZone) {
  const at = new Date(iso);
  const write = (/** @type {Intl.DateTimeFormatOptions} */ options) => new Intl.DateTimeFormat(language, { timeZone, ...options }).format(at);
  const values = { date: write({ ...sameYear(at, now, timeZone), weekday: "long", month: "long", day: "numeric" }), time: write({ hour: "2-digit", minute: "2-digit" }) };
  if (at.getTime() <= now) return { key: "begins_late", values };
  return { key: day(at, timeZone) === day(new Date(now), timeZone) ? "begins_today" : "begins_on", values };
}

/**
 * What a block of a calendar shows of a start, and the times from beginning to end beside it.
 * @param {string} iso @param {number} minutes @param {number} now ms @param {string} language @param {string} [timeZone]
 */
export function dateBlock(iso, minutes, now, language, timeZone) {
  const at = new Date(iso);
  const part = (/** @type {"month" | "day" | "weekday"} */ type, /** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat(language, { timeZone, ...options }).formatToParts(at).find((one) => one.type === type)?.value ?? "";
  const times = new Intl.DateTimeFormat(language, { timeZone, hour: "2-digit", minute: "2-digit" });
  const end = new Date(at.getTime() + minutes * 60000);
  return {
    month: new Intl.DateTimeFormat(language, { timeZone, month: "short", ...sameYear(at, now, timeZone) }).format(at),
    day: part("day", { day: "numeric" }),
    weekday: part("weekday", { weekday: "short" }),
    times: `${times.format(at)} – ${times.format(end)}`, // formatRange would tell both dates of one that goes past midnight
  };
}

/** @param {Date} at @param {string} [timeZone] */
const day = (at, timeZone) => new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(at);

/** The year is told where it is another one. @param {Date} at @param {number} now @param {string} [timeZone] @returns {Intl.DateTimeFormatOptions} */
function sameYear(at, now, timeZone) {
  const year = (/** @type {Date} */ date) => day(date, timeZone).slice(0, 4);
  return year(at) === year(new Date(now)) ? {} : { year: "numeric" };
}
