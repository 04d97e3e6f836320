// One <video> playing one HLS address after another: hls.js, or the browser's own HLS where hls.js cannot run.
// Owned by its page. Goes on by itself through network, server and media errors until destroy().
import Hls from "../vendor/hls.js-1.7.4/hls.light.min.mjs";
import { backoffMs } from "./backoff.js";
import { LatencyController, MOST_BEHIND } from "./latency_controller.js";
import { positionOfDate, isRewind } from "./playback_position.js";

const TICK_MS = 100;
const AT_EDGE_SECONDS = 3; // nearer than this is "live"
const STANDSTILL_MS = 2500;
const REST_SECONDS = 0.1; // of sound without a picture, at the end of what has come
const FRESH_SECONDS = 2; // a playlist that has grown since then
const PICTURE_SECONDS = 1 / 30; // one step; what a recording's rate is, no player tells
const FIRST_PICTURE_SECONDS = 0.1; // hls.js is that unsure where a lecture's first picture lies
const CONFIG = {
  // Ours is fragmented MP4 already: a worker would have nothing to convert, cost 41 kB and a round trip at the start.
  enableWorker: false,
  lowLatencyMode: true,
  liveSyncDuration: 0.668, // two parts; set anew from the playlist's PART-TARGET
  liveSyncOnStallIncrease: 0,
  maxLiveSyncPlaybackRate: 1, // the rate is ours: LatencyController
  backBufferLength: 60, // a phone must not keep three hours
  // hls.js takes a playlist without a whole segment for an error: who opens the page as the lecture begins waits no longer
  // than that segment takes. Its own policy asks again after one second, then two.
  playlistLoadPolicy: { default: { ...Hls.DefaultConfig.playlistLoadPolicy.default, errorRetry: {
    maxNumRetry: 12, retryDelayMs: 250, maxRetryDelayMs: 1000, backoff: "linear" } } },
};

/**
 * @typedef {{url: string, live: boolean, startDate: number | null, startClock: number | null, startAt: number | null}} Source
 */

/**
 * Events: `change` (following or distance may have changed), `trouble` (detail: "network" | "media"),
 * `well`, `denied` (the address is refused: ask for a new one), `over` (the live playlist has its
 * last segment), `finished` (played to the end).
 */
export class HlsPlayer extends EventTarget {
  /** @type {any} */ #hls = null;
  /** @type {Source | null} */ #source = null;
  #controller = new LatencyController();
  #following = false;
  #chosenRate = 1;
  #failures = 0;
  #lastMediaError = -Infinity;
  #retryTimer = 0;
  #ticker = 0;
  #lastTime = 0;
  #movedAt = 0;
  #freshStandstillAt = -Infinity;
  #listening = new AbortController();
  /** Wall clock (ms) of the lecture's beginning; NaN: that of the first picture in the playlist, which may leave some out. */
  zero = NaN;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    video.preservesPitch = true; // a voice stays a voice at any speed
    const on = (/** @type {string} */ name, /** @type {() => void} */ handler) =>
      video.addEventListener(name, handler, { signal: this.#listening.signal });
    on("seeking", () => this.#onSeeking());
    on("play", () => this.#onPlay());
    on("waiting", () => this.#onWaiting());
    on("playing", () => this.#onPlaying());
    on("ended", () => this.#tell("finished"));
    on("error", () => { if (!this.#hls) this.#retryNative(); });
    this.#ticker = window.setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * @param {string} url
   * @param {{live: boolean, startDate?: number | null, startClock?: number | null, startAt?: number | null}} how
   *   where to begin. `startDate`: wall clock (ms), `startClock`: seconds of the lecture's own clock, `startAt`: seconds of
   *   the playlist; none: the live edge, or the beginning.
   */
  load(url, { live, startDate = null, startClock = null, startAt = null }) {
    this.#source = { url, live, startDate, startClock, startAt };
    this.#following = live && startDate === null && startClock === null && startAt === null;
    this.#recovered();
    this.#setRate(this.#following ? 1 : this.#chosenRate);
    this.#open();
    this.#tell("change");
  }

  /** Plays nothing, until the next load(). */
  unload() {
    this.#source = null;
    this.#recovered();
    this.#close();
  }

  get isLive() { return this.#source?.live ?? false; }
  get following() { return this.#following; }
  get usesHlsJs() { return this.#hls !== null; }
  get chosenRate() { return this.#chosenRate; }

  /** Seconds behind the live edge; 0 where there is none. */
  get behind() {
    if (!this.isLive) return 0;
    const edge = this.#edge();
    return edge === null ? 0 : Math.max(0, edge - this.video.currentTime);
  }

  /** Bit rate of what is played, as its playlist tells it; 0 where nobody knows. */
  get kbps() {
    const level = this.#hls?.levels[this.#hls.currentLevel];
    return Math.round((level?.bitrate ?? 0) / 1000);
  }

  /** Wall clock (ms) of the picture shown, where the playlist tells it. @returns {number | null} */
  get playingDate() {
    const date = this.#hls ? this.#hls.playingDate : nativeDate(this.video);
    return date ? date.getTime() : null;
  }

  /** Seconds of the lecture's own clock at the picture shown: the same live and in the replay, whatever that leaves out. */
  get clock() {
    const first = this.zero || (this.#hls?.latestLevelDetails?.fragments[0]?.programDateTime ?? null);
    const now = this.playingDate;
    return first !== null && now !== null ? Math.max(0, (now - first) / 1000) : this.video.currentTime;
  }

  /** Of the playlist, where hls.js plays it. @returns {import("./clock_map.js").Fragment[]} */
  get fragments() { return this.#hls?.latestLevelDetails?.fragments ?? []; }

  /** What can be played, seconds of the playlist. */
  get range() {
    const { seekable, duration } = this.video;
    const start = seekable.length ? seekable.start(0) : 0;
    const end = Number.isFinite(duration) ? duration : nativeEdge(this.video) ?? 0;
    return { start, end: Math.max(start, end) };
  }

  play() {
    void this.video.play().catch(() => this.#tell("change")); // its own controls start it then
  }

  togglePlaying() {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  /** @param {number} seconds back where negative; past the live edge is the edge */
  seekBy(seconds) { this.seekTo(this.video.currentTime + seconds); }

  /** @param {number} part 0 the beginning, 1 the end or the live edge */
  seekToPart(part) {
    const { start, end } = this.range;
    this.seekTo(start + part * (end - start));
  }

  /** @param {number} seconds of the playlist */
  seekTo(seconds) {
    const { start, end } = this.range;
    const edge = this.isLive ? this.#edge() : null;
    const forward = seconds > this.video.currentTime;
    if (edge !== null && forward && seconds > edge - AT_EDGE_SECONDS) this.goLive();
    else this.video.currentTime = Math.min(end, Math.max(start, seconds));
  }

  /** One picture on or back, standing still. @param {number} pictures */
  step(pictures) {
    this.video.pause();
    const { start, end } = this.range;
    this.video.currentTime = Math.min(end, Math.max(start, this.video.currentTime + pictures * PICTURE_SECONDS));
  }

  /** To the live edge, and stay there. */
  goLive() {
    this.#following = true;
    this.#controller.reset();
    this.#setRate(1);
    const target = this.#hls?.liveSyncPosition ?? nativeEdge(this.video);
    if (target !== null && Number.isFinite(target)) this.video.currentTime = target;
    if (this.video.paused) this.play();
    this.#tell("change");
  }

  /** @param {number} rate chosen by the viewer; faster than 1 ends at the live edge by itself */
  setRate(rate) {
    this.#chosenRate = rate;
    if (rate < 1) this.#following = false;
    if (!this.#following) this.#setRate(rate);
    this.#tell("change");
  }

  destroy() {
    clearInterval(this.#ticker);
    this.#listening.abort();
    this.#close();
  }

  #open() {
    this.#close();
    this.#controller = new LatencyController();
    this.#movedAt = performance.now();
    if (Hls.isSupported()) this.#openHlsJs();
    else this.#openNative();
  }

  #openHlsJs() {
    const source = /** @type {NonNullable<typeof this.#source>} */ (this.#source);
    const hls = new Hls({ ...CONFIG, startPosition: source.startAt ?? -1 });
    this.#hls = hls;
    hls.on(Hls.Events.LEVEL_LOADED, (_name, data) => this.#onLevel(data.details));
    hls.on(Hls.Events.FRAG_BUFFERED, () => this.#recovered());
    hls.on(Hls.Events.ERROR, (_name, data) => this.#onHlsError(data));
    hls.loadSource(source.url);
    hls.attachMedia(this.video);
  }

  /** @param {any} details of hls.js */
  #onLevel(details) {
    const source = this.#source;
    if (!source || !this.#hls) return;
    if (source.live && !details.live) this.#tell("over"); // EXT-X-ENDLIST is here before any news by the feed
    if (details.live && details.partTarget) this.#hls.targetLatency = 2 * details.partTarget;
    const date = dateToBeginAt(source, this.zero || (details.fragments[0]?.programDateTime ?? null));
    if (date === null) return;
    source.startDate = source.startClock = null;
    source.startAt = positionOfDate(details.fragments, date);
    this.#whenSeekable(source.startAt);
  }

  #openNative() {
    const source = /** @type {NonNullable<typeof this.#source>} */ (this.#source);
    this.video.src = source.url;
    const at = source.startAt ?? source.startClock; // without hls.js no date of the first picture is told
    if (at !== null) this.#whenSeekable(at);
  }

  /** @param {number} at seconds */
  #whenSeekable(at) {
    const seek = () => { this.video.currentTime = at; };
    if (this.video.readyState >= HTMLMediaElement.HAVE_METADATA) seek();
    else this.video.addEventListener("loadedmetadata", seek, { once: true, signal: this.#listening.signal });
  }

  #close() {
    clearTimeout(this.#retryTimer);
    this.#hls?.destroy();
    this.#hls = null;
    if (this.video.src) { this.video.removeAttribute("src"); this.video.load(); }
  }

  /** @param {any} data error of hls.js */
  #onHlsError(data) {
    const status = data.response?.code ?? 0;
    if (status === 401 || status === 403) { this.#tell("denied"); return; }
    if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR && this.#following) this.#controller.stalled(performance.now());
    if (!data.fatal) return;
    console.warn("hls.js:", data.type, data.details, status);
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) this.#mendMedia();
    else this.#retry("network", () => this.#resume(data));
  }

  #mendMedia() {
    const now = performance.now();
    const again = now - this.#lastMediaError < 5000;
    this.#lastMediaError = now;
    if (again) this.#retry("media", () => this.#reopen());
    else this.#playOn(() => this.#hls.recoverMediaError());
  }

  /** What loads the media element anew also stops it (HTML, "media element load algorithm"). @param {() => void} reload */
  #playOn(reload) {
    const { paused } = this.video;
    reload();
    if (!paused) this.play();
  }

  /** @param {any} data */
  #resume(data) {
    if (!this.#hls) return;
    const playlistMissing = data.details.startsWith("manifest") || !this.#hls.latestLevelDetails;
    if (playlistMissing) this.#reopen();
    else this.#hls.startLoad(this.#following ? -1 : this.video.currentTime);
  }

  /** A new player for the same address, at the same place. */
  #reopen() {
    const source = this.#source;
    if (!source) return;
    if (!this.#following && this.video.currentTime > 0) source.startAt = this.video.currentTime;
    this.#playOn(() => this.#open());
  }

  #retryNative() {
    if (this.#source) this.#retry("network", () => this.#reopen());
  }

  /** @param {"network" | "media"} kind @param {() => void} again */
  #retry(kind, again) {
    this.#failures += 1;
    this.#tell("trouble", kind);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = window.setTimeout(again, backoffMs(this.#failures, { first: 0.3, most: 4 }));
  }

  #recovered() {
    if (this.#failures) this.#tell("well");
    this.#failures = 0;
  }

  #onSeeking() {
    if (this.#isBeforeTheFirstPicture()) return;
    const to = this.video.currentTime;
    const from = this.#lastTime;
    this.#lastTime = to;
    this.#controller.reset();
    if (!this.isLive || this.#edge() === null) return;
    if (this.behind < AT_EDGE_SECONDS) this.#following = true;
    else if (isRewind(from, to, this.behind)) this.#leaveEdge();
    this.#tell("change");
  }

  /**
   * hls.js 1.7.4 moves its fragments to their real times and takes a wish before the first one for the live edge; Chromium 156
   * then shows a seek that falls a few ms before the first picture only from the second key frame on.
   */
  #isBeforeTheFirstPicture() {
    const start = this.isLive ? this.#hls?.latestLevelDetails?.fragments[0]?.start ?? null : null;
    if (start === null || this.video.currentTime >= start + FIRST_PICTURE_SECONDS / 2) return false;
    this.video.currentTime = start + FIRST_PICTURE_SECONDS;
    return true;
  }

  #onPlay() {
    this.#controller.reset();
    this.#movedAt = performance.now();
    if (this.isLive && this.#following && this.behind > AT_EDGE_SECONDS && this.video.readyState > 0) this.#leaveEdge();
  }

  #onWaiting() {
    if (!this.#hls && this.#following) this.#controller.stalled(performance.now());
  }

  #onPlaying() {
    if (!this.#hls) this.#recovered();
  }

  #leaveEdge() {
    this.#following = false;
    this.#setRate(this.#chosenRate);
  }

  #tick() {
    const { video } = this;
    if (video.currentTime !== this.#lastTime || video.paused || video.seeking) this.#movedAt = performance.now();
    if (!video.seeking) this.#lastTime = video.currentTime;
    if (!this.#source || video.paused) return;
    if (performance.now() - this.#movedAt > STANDSTILL_MS) this.#mendStandstill();
    if (this.isLive && this.#following && this.#hls && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#steer();
    if (this.isLive && !this.#following && this.#chosenRate > 1 && this.behind < 1.5) this.#caughtUp();
  }

  #steer() {
    const { rate, seek } = this.#controller.sample(performance.now(), this.video.currentTime, bufferedAhead(this.video));
    if (seek) this.goLive();
    else this.#setRate(rate);
  }

  #caughtUp() {
    this.#following = true;
    this.#chosenRate = 1;
    this.#controller.reset();
    this.#setRate(1);
    this.#tell("change");
  }

  /** The picture has stood still although it should run: over a hole in the buffer, or to the edge. */
  #mendStandstill() {
    this.#movedAt = performance.now();
    this.#standsStill();
    const next = nextBufferedStart(this.video);
    if (next !== null) this.video.currentTime = next + 0.05;
    else if (this.#following && this.behind > AT_EDGE_SECONDS && this.#isStuck()) this.goLive();
    else if (bufferedAhead(this.video) > 0.5) this.video.currentTime += 0.1;
  }

  /** New parts are told of and none can be played: the edge is the way out. A silent line is waited for, nothing is left out. */
  #isStuck() {
    const now = performance.now();
    const fresh = (this.#hls?.latestLevelDetails?.age ?? Infinity) < FRESH_SECONDS;
    const again = now - this.#freshStandstillAt < 1.5 * STANDSTILL_MS;
    this.#freshStandstillAt = fresh ? now : -Infinity;
    return (fresh && again) || this.behind > MOST_BEHIND;
  }

  /** hls.js waits 14 s for a silent line before it complains: the viewer hears of it now. */
  #standsStill() {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || bufferedAhead(this.video) > REST_SECONDS || this.#failures) return;
    this.#failures = 1;
    this.#tell("trouble", "network");
  }

  /** @param {number} rate */
  #setRate(rate) {
    this.video.defaultPlaybackRate = rate; // to which a media element goes back when it loads
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate;
  }

  /** @returns {number | null} */
  #edge() {
    if (!this.#hls) return nativeEdge(this.video);
    const details = this.#hls.latestLevelDetails;
    return details ? details.edge + (details.live ? Math.min(details.age, 3 * details.targetduration) : 0) : null;
  }

  /** @param {string} name @param {unknown} [detail] */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

/** @param {Source} source @param {number | null} first date of the playlist's first picture, ms @returns {number | null} ms */
function dateToBeginAt({ startDate, startClock }, first) {
  if (startDate !== null) return startDate;
  return startClock !== null && first !== null ? first + 1000 * startClock : null;
}

/** @param {HTMLVideoElement} video @returns {number} seconds from the playhead to the end of what it can play */
function bufferedAhead(video) {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime;
  }
  return 0;
}

/** @param {HTMLVideoElement} video @returns {number | null} where the next buffered stretch begins, within 10 s */
function nextBufferedStart(video) {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i += 1) {
    const start = buffered.start(i);
    if (start > currentTime && start < currentTime + 10) return start;
  }
  return null;
}

/** @param {HTMLVideoElement} video @returns {number | null} */
function nativeEdge(video) {
  return video.seekable.length ? video.seekable.end(video.seekable.length - 1) : null;
}

/** @param {HTMLVideoElement} video @returns {Date | null} Safari alone tells the playlist's date */
function nativeDate(video) {
  const start = /** @type {any} */ (video).getStartDate?.();
  return start && !Number.isNaN(start.getTime()) ? new Date(start.getTime() + video.currentTime * 1000) : null;
}
