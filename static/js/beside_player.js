// What stands over and beside the picture of a session: loaded by the player's page once the picture moves, each part when
// there is something for it.

/** @typedef {import("./room_view.js").Session} Session */
/** @typedef {import("./hls_player.js").HlsPlayer} HlsPlayer */

/** @type {Promise<import("./transcript_side.js").TranscriptSide> | null} */ let transcript = null;
/** @type {Promise<import("./chapter_side.js").ChapterSide> | null} */ let chapters = null;
/** @type {Promise<import("./watch_tracker.js").WatchTracker> | null} */ let tracker = null;

let isListening = false;

/**
 * With each news of what is played.
 * @param {HlsPlayer} player @param {Session} session @param {boolean} isReplay
 */
export function showBeside(player, session, isReplay) {
  if (isReplay) void import("./recording_pictures.js").then((one) => one.showPicturesOf(player, /** @type {any} */ (session)));
  showTranscript(player, session.transcript_url, session.replay_version);
  showChapters(player, (isReplay && session.chapters_url) || null);
  track(player, isReplay ? session.watched : null);
  if (isListening) return;
  isListening = true;
  player.addEventListener("change", () => { if (player.isLive) { showChapters(player, null); track(player, null); } }); // the next lecture
}

/** @param {HlsPlayer} player @param {string | null | undefined} url @param {number | undefined} version of the replay */
function showTranscript(player, url, version) {
  if (!url) return;
  transcript ??= import("./transcript_side.js").then(({ TranscriptSide }) => new TranscriptSide(player));
  void transcript.then((side) => side.show(url, version));
}

/** @param {HlsPlayer} player @param {string | null} url */
function showChapters(player, url) {
  if (url) chapters ??= import("./chapter_side.js").then(({ ChapterSide }) => new ChapterSide(player));
  void chapters?.then((side) => side.show(url));
}

/** @param {HlsPlayer} player @param {import("./watch_tracker.js").Told | null | undefined} watched */
function track(player, watched) {
  if (watched) tracker ??= import("./watch_tracker.js").then(({ WatchTracker }) => new WatchTracker(player));
  void tracker?.then((one) => one.watch(watched ?? null));
}
