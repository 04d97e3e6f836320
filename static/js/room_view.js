// What a room shows, from what the API and the feed have told. Pure.

/**
 * @typedef {{id: string, title?: string, description?: string | null, state: "live" | "slate" | "ended", hls_url: string | null, live_url?: string | null, started_at: string,
 *   ended_at: string | null, mp4_url: string | null, mp4_state: string | null, mp4_progress?: number | null, pictures_state?: string | null, transcript_url?: string | null,
 *   chapters_url?: string | null, watched?: {url: string, completion: number, resume_at: number | null} | null,
 *   replay_version?: number, off_record?: boolean, recorder_epoch?: string | number | null, recording?: {state: string, bytes: number, last_part_at: string | null} | null}} Session
 * @typedef {{slug: string, title: string, access: string, may_watch: boolean, refusal?: string | null, may_host: boolean, live_base: string | null,
 *   feed: {snapshot_url: string, batch_url: string} | null, beacon_url: string | null, beacon_seconds: number,
 *   keeping?: {kept: string, days: number, may_choose: boolean} | null, session: Session | null, scheduled?: import("./next_lecture.js").Scheduled | null, due?: import("./next_lecture.js").Scheduled | null}} Room
 */

/** @param {Room} room @returns {"locked" | "members" | "invited" | "kept_out" | "waiting" | "live" | "slate" | "replay"} */
export function viewOf(room) {
  if (!room.may_watch && (room.refusal === "invited" || room.refusal === "kept_out")) return room.refusal;
  if (!room.may_watch) return room.access === "password" ? "locked" : "members";
  if (!room.session) return "waiting";
  if (room.session.state !== "ended") return room.session.state;
  return room.session.hls_url ? "replay" : "waiting"; // a session of nothing but slates has left nothing
}

/**
 * The session after a `session` event of the feed. Addresses follow from the room's base.
 * @param {Room} room @param {any} payload @returns {Session}
 */
export function sessionAfter(room, payload) {
  const id = payload.session;
  const known = room.session?.id === id ? room.session : null;
  const base = `${room.live_base}/${id}`;
  const version = Math.max(payload.replay_version ?? 1, known?.replay_version ?? 1); // an older piece of news takes nothing back
  return {
    mp4_url: null, mp4_state: null, ...known, id, state: payload.state,
    started_at: payload.started_at ?? known?.started_at ?? "",
    ended_at: payload.ended_at ?? null,
    recorder_epoch: payload.recorder_epoch ?? known?.recorder_epoch ?? null,
    recording: payload.recording ?? known?.recording ?? null,
    off_record: payload.off_record ?? known?.off_record ?? false,
    replay_version: version,
    hls_url: room.live_base && !leftNothing(payload) ? `${base}/${payload.state === "ended" ? `replay-${version}` : "index"}.m3u8` : null,
  };
}

/** @param {any} payload */
const leftNothing = (payload) => payload.state === "ended" && payload.has_replay === false;

/**
 * A newer version of a replay, as news of its session.
 * @param {Session} session @param {number} version
 */
export function newsOfVersion({ id, started_at, ended_at }, version) {
  return { session: id, state: "ended", started_at, ended_at, has_replay: true, replay_version: version };
}

/**
 * Whether news about a session matter: of the one shown, or of a later one.
 * @param {Room} room @param {any} payload
 */
export function concerns(room, payload) {
  const shown = room.session;
  if (!shown || shown.id === payload.session) return !(shown && shown.state === "ended" && payload.state !== "ended");
  return payload.state !== "ended" && Date.parse(payload.started_at) >= Date.parse(shown.started_at);
}

/** @param {string} url of a playlist @returns {number} the version of the edit list that it shows; 0: none, it is live */
export function versionOf(url) {
  return Number(/replay-(\d+)\.m3u8$/.exec(url)?.[1] ?? 0);
}
