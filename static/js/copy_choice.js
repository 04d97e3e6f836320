// What is kept of the safety copy, and which pieces of it fill a recording's gaps. Pure: no DOM, no storage, no clock.

/**
 * One piece of the safety copy as its facts tell it. Times are seconds; `began_at` is unix time on the server's clock.
 * @typedef {{id: string, session: string, room: string, mime: string, began_at: number, seconds: number, bytes: number,
 *   upload: string | null}} Piece `upload`: its address on the server, once it is there whole
 * @typedef {{start: number, end: number | null}} Gap seconds of the session's clock; no `end`: until the end of what there is
 */

const MOST_BYTES = 8e9;
const QUOTA_SHARE = 0.5;
const MARGIN_SECONDS = 15; // recorded stretches beside a gap: the server finds the copy's place by them
const LEAST_SECONDS = 0.5; // of a gap that a piece reaches into

/** In order of preference. The first writes each second what it has and is read wherever it is cut off; another picture than H.264 costs the machine twice. */
const TYPES = [
  "video/webm;codecs=h264,opus",
  "video/x-matroska;codecs=avc1,opus",
  "video/mp4;codecs=avc1.42E01F,opus",
  "video/mp4;codecs=avc1.42E01F,mp4a.40.2",
  "video/webm;codecs=vp8,opus",
];

/** @param {(mime: string) => boolean} isSupported @returns {string | null} */
export const copyType = (isSupported) => TYPES.find((type) => isSupported(type)) ?? null;

/** Held shared by a tab that keeps a session's copy, alone by one that uploads or removes it. @param {string} session */
export const lockName = (session) => `kodo-safety-copy ${session}`;

/**
 * A piece's facts: lines of JSON, later ones add to earlier ones. What a killed tab left torn is no line.
 * @param {string} text @returns {Partial<Piece>}
 */
export function factsOf(text) {
  const facts = {};
  for (const line of text.split("\n").slice(0, -1)) {
    try {
      Object.assign(facts, JSON.parse(line));
    } catch {
      break;
    }
  }
  return facts;
}

/** @param {number} quota bytes that the browser gives to this site @returns {number} bytes that all copies may take */
export const limitOf = (quota) => Math.min(MOST_BYTES, QUOTA_SHARE * quota);

/**
 * Whose turn it is to make room: the oldest session's oldest piece, the running session's last of all.
 * @param {Piece[]} pieces @param {{session: string, kept: Set<string>, held: Set<string>}} now the session that is kept; pieces
 *   that grow; sessions that another tab works with
 * @returns {Piece | null} null: nothing may go
 */
export function nextToGo(pieces, { session, kept, held }) {
  const candidates = pieces.filter((piece) => !kept.has(piece.id) && !held.has(piece.session));
  const began = new Map();
  for (const piece of pieces) began.set(piece.session, Math.min(piece.began_at, began.get(piece.session) ?? Infinity));
  const rank = (/** @type {Piece} */ piece) => (piece.session === session ? Infinity : began.get(piece.session));
  const order = (/** @type {Piece} */ a, /** @type {Piece} */ b) => (rank(a) === rank(b) ? a.began_at - b.began_at : rank(a) - rank(b));
  return candidates.sort(order)[0] ?? null;
}

/**
 * The pieces that reach into a gap, and those around it that help to find their place.
 * @param {Gap[]} gaps @param {Piece[]} pieces of the session @param {number} startedAt the session's, unix seconds
 * @returns {Piece[]} by time; empty where no piece reaches into any gap
 */
export function piecesFor(gaps, pieces, startedAt) {
  const useful = gaps.filter((gap) => pieces.some((piece) => overlap(gap, piece, startedAt) > LEAST_SECONDS));
  const wide = useful.map(({ start, end }) => ({ start: start - MARGIN_SECONDS, end: end === null ? null : end + MARGIN_SECONDS }));
  return pieces
    .filter((piece) => wide.some((gap) => overlap(gap, piece, startedAt) > 0))
    .sort((a, b) => a.began_at - b.began_at);
}

/**
 * What the notice tells: how many gaps the pieces reach into, and how long they are together.
 * @param {Gap[]} gaps @param {Piece[]} pieces @param {number} startedAt
 * @returns {{count: number, seconds: number}}
 */
export function coveredGaps(gaps, pieces, startedAt) {
  const covered = gaps.filter((gap) => pieces.some((piece) => overlap(gap, piece, startedAt) > LEAST_SECONDS));
  const copyEnd = Math.max(0, ...pieces.map((piece) => piece.began_at - startedAt + piece.seconds));
  const seconds = covered.map(({ start, end }) => (end ?? copyEnd) - start);
  return { count: covered.length, seconds: seconds.reduce((sum, each) => sum + each, 0) };
}

/**
 * How much of the gaps the pieces reach into, and so what they could still fill.
 * @param {Gap[]} gaps @param {Piece[]} pieces @param {number} startedAt @returns {number} seconds
 */
export function fillable(gaps, pieces, startedAt) {
  const reached = (/** @type {Gap} */ gap) => pieces.reduce((sum, piece) => sum + Math.max(0, overlap(gap, piece, startedAt)), 0);
  return gaps.reduce((sum, gap) => sum + Math.min(reached(gap), (gap.end ?? Infinity) - gap.start), 0);
}

/** @param {Gap} gap @param {Piece} piece @param {number} startedAt @returns {number} seconds, negative where they do not meet */
function overlap({ start, end }, piece, startedAt) {
  const begins = piece.began_at - startedAt;
  return Math.min(end ?? Infinity, begins + piece.seconds) - Math.max(start, begins);
}
