// Links to a lecture, and the time that they ask for. Pure.

const MOST_SECONDS = 999_999;

/**
 * @param {string} link of the room or recording
 * @param {string} session the lecture shown, "" for none: a time means this one, not what the room shows later
 * @param {number} seconds on the lecture's own clock
 */
export function linkAt(link, session, seconds) {
  const url = new URL(link);
  if (session) url.pathname = `/watch/${session}`;
  url.search = `?t=${Math.floor(seconds)}`;
  return url.href;
}

/** @param {string} search of the page's address @returns {number | null} seconds: `?t=90`, `?t=1m30s`, `?t=1h2m3s` */
export function timeAskedFor(search) {
  const given = new URLSearchParams(search).get("t") ?? "";
  const match = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,3})?)s?)?$/.exec(given);
  if (!given || !match) return null;
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.min(MOST_SECONDS, hours * 3600 + minutes * 60 + seconds);
}
