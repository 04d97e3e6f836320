// What the front page knows of lectures: the first page is told anew every few seconds, later ones were added by hand. Pure.

/**
 * @typedef {{id: string, title: string, lecturer: string, started_at: string, url: string}} Lecture
 * @typedef {Lecture & {room: string, poster_url: string, state: "live" | "slate", viewers: number}} Live
 * @typedef {Lecture & {seconds: number, thumbnail_url: string | null, watched: {position: number, completion: number} | null}} Recording
 * @typedef {{id: string, title: string, lecturer: string, starts_at: string, minutes: number, url: string}} Scheduled
 * @typedef {{live: Live[], scheduled: Scheduled[], recordings: Recording[], more: string | null}} Lectures as `GET /api/v1/lectures` tells them
 */

/**
 * The first page told anew, with what had been added behind it.
 * @param {Lectures} known @param {Lectures} first @returns {Lectures}
 */
export function renewed(known, first) {
  const fresh = new Set(first.recordings.map(({ id }) => id));
  const last = first.recordings.at(-1);
  // After a long sleep nothing of the old list may be left on the first page: then there is a hole, and the rest goes.
  if (!last || !first.more || !known.recordings.some(({ id }) => fresh.has(id))) return first;
  const behind = known.recordings.filter((one) => !fresh.has(one.id) && isOlder(one, last));
  return behind.length ? { ...first, recordings: [...first.recordings, ...behind], more: known.more } : first;
}

/** A later page added to what is known. @param {Lectures} known @param {Lectures} next @returns {Lectures} */
export function extended(known, next) {
  const shown = new Set(known.recordings.map(({ id }) => id));
  return { ...known, recordings: [...known.recordings, ...next.recordings.filter(({ id }) => !shown.has(id))], more: next.more };
}

/** @param {Lecture} one @param {Lecture} other */
function isOlder(one, other) {
  return one.started_at < other.started_at || (one.started_at === other.started_at && one.id < other.id);
}
