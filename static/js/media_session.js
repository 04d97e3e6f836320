// The system's media keys, headset buttons and lock screen, where the browser has a Media Session.

export class MediaSessionLink {
  /** @param {import("./hls_player.js").HlsPlayer} player @param {() => {title: string, room: string}} words */
  constructor(player, words) {
    this.player = player;
    this.words = words;
    const { mediaSession } = navigator;
    if (!mediaSession) return;
    this.#handle("play", () => player.play());
    this.#handle("pause", () => player.video.pause());
    this.#handle("seekbackward", ({ seekOffset }) => player.seekBy(-(seekOffset ?? 10)));
    this.#handle("seekforward", ({ seekOffset }) => player.seekBy(seekOffset ?? 10));
    this.#handle("seekto", ({ seekTime }) => { if (seekTime !== undefined) player.seekTo(player.range.start + seekTime); });
    for (const name of ["loadedmetadata", "play", "pause", "ratechange", "seeked"]) {
      player.video.addEventListener(name, () => this.#tell());
    }
    this.#tell();
  }

  /** @param {MediaSessionAction} action @param {(details: MediaSessionActionDetails) => void} handler */
  #handle(action, handler) {
    try {
      navigator.mediaSession.setActionHandler(action, handler);
    } catch (error) {
      console.info(`no media key for ${action}:`, error); // known to newer browsers only
    }
  }

  #tell() {
    const { mediaSession } = navigator;
    const { video, range } = this.player;
    const { title, room } = this.words();
    mediaSession.metadata = new MediaMetadata({ title, artist: room });
    mediaSession.playbackState = video.paused ? "paused" : "playing";
    const duration = range.end - range.start;
    if (!(duration > 0) || !Number.isFinite(duration)) return;
    const position = Math.min(duration, Math.max(0, video.currentTime - range.start));
    mediaSession.setPositionState({ duration, position, playbackRate: video.playbackRate || 1 });
  }
}
