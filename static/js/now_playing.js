// Which of a lecture's playlists the player has, and from where: live, the replay after it, the replay alone, or a newer
// version of the replay.
// Owned by the player's page. Remembers for the viewer where a replay was left.
import { ownAddress } from "./api.js";
import { versionOf } from "./room_view.js";

const KEEP_EVERY_SECONDS = 5;
const LAST_PICTURES_MS = 300;

export class NowPlaying {
  #id = "";
  #playing = ""; // "live" or "replay"
  #version = 0; // of the replay
  #keptAt = 0;
  /** @type {number | null} */ #timeAsked;

  /**
   * @param {import("./hls_player.js").HlsPlayer} player @param {import("./autoplay.js").Autoplay} autoplay
   * @param {import("./playback_memory.js").PlaybackMemory} memory
   * @param {{timeAsked: number | null, isSlate: () => boolean, onEnded: () => void, onResumed: (at: number | null) => void,
   *   leftAt: () => number | null}} page
   *   `timeAsked`: seconds that the link asks for; `onEnded`: the replay follows the lecture that was watched live;
   *   `leftAt`: where the viewer left it on any device, seconds of the lecture's clock; null: nobody but this browser knows
   */
  constructor(player, autoplay, memory, page) {
    this.player = player;
    this.autoplay = autoplay;
    this.memory = memory;
    this.page = page;
    this.#timeAsked = page.timeAsked;
    const { video } = player;
    video.addEventListener("timeupdate", () => { if (Math.abs(video.currentTime - this.#keptAt) > KEEP_EVERY_SECONDS) this.#keepPlace(); });
    video.addEventListener("pause", () => this.#keepPlace());
    player.addEventListener("finished", () => this.#keepPlace());
    window.addEventListener("pagehide", () => this.#keepPlace());
  }

  /** The session's id, "" before anything plays. */
  get id() { return this.#id; }

  get isWatchingReplay() {
    const { video } = this.player;
    return this.#playing === "replay" && !video.paused && !video.ended;
  }

  /** Whatever comes next is loaded anew. */
  forget() { this.#show("", ""); }

  /** A session of nothing but slates: what was live is over, and nothing is left to play. */
  stop() {
    if (!this.#playing) return;
    this.forget();
    this.player.unload();
  }

  /** @param {string} id @param {string} url */
  live(id, url) {
    if (this.#shows(id, "live")) return;
    this.#show(id, "live");
    this.page.onResumed(null);
    this.player.load(ownAddress(url), { live: true, startClock: this.#timeToBegin() });
    this.autoplay.start();
  }

  /** @param {string} id @param {string} url */
  replay(id, url) {
    if (this.#shows(id, "replay")) { this.#moveTo(id, url); return; }
    const wasLive = this.#shows(id, "live");
    const { video } = this.player;
    const play = !this.page.isSlate() && (!video.paused || video.ended); // who waited before a slate has left
    this.#show(id, "replay");
    this.#version = versionOf(url);
    if (!wasLive) { this.#begin(id, url); return; }
    this.page.onEnded();
    if (this.player.following) this.#afterLastPicture(() => this.#goOnInReplay(id, url, null, play));
    else this.#goOnInReplay(id, url, this.player.playingDate, play);
  }

  /** @param {string} id @param {string} playing */
  #shows(id, playing) { return this.#id === id && this.#playing === playing; }

  /** @param {string} id @param {string} playing */
  #show(id, playing) {
    this.#id = id;
    this.#playing = playing;
  }

  /** From the time that the link asks for, else from where it was left, the last time. @param {string} id @param {string} url */
  #begin(id, url) {
    const asked = this.#timeToBegin();
    const left = asked === null ? this.page.leftAt() : null;
    const startClock = asked ?? left;
    const startAt = startClock === null ? this.memory.placeIn(id) : null;
    this.player.setRate(this.memory.taste.rate);
    this.player.load(ownAddress(url), { live: false, startClock, startAt });
    this.page.onResumed(left || startAt);
  }

  /** The live picture plays out, as far as the replay has time: it plays within a second of the end. @param {() => void} then */
  #afterLastPicture(then) {
    const { video } = this.player;
    let done = false;
    const once = () => { if (!done) { done = true; then(); } };
    video.addEventListener("ended", once, { once: true });
    setTimeout(once, video.paused || this.page.isSlate() ? 0 : LAST_PICTURES_MS);
  }

  /** @param {string} id @param {string} url @param {number | null} date where the viewer was, ms @param {boolean} play */
  #goOnInReplay(id, url, date, play) {
    if (!this.#shows(id, "replay")) return; // the next lecture was faster
    this.player.load(ownAddress(url), { live: false, startDate: date });
    if (play) this.autoplay.start();
  }

  /** A newer version is there: go on in it where this one is, also where that stands still. @param {string} id @param {string} url */
  #moveTo(id, url) {
    if (versionOf(url) <= this.#version) return;
    this.#version = versionOf(url);
    const { video, playingDate } = this.player;
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) { this.#begin(id, url); return; }
    const play = !video.paused && !video.ended;
    const date = video.currentTime > 0 ? playingDate : null; // what is before the first picture may be new
    this.player.load(ownAddress(url), { live: false, startDate: date, startAt: video.currentTime });
    if (play) this.autoplay.start();
  }

  /** @returns {number | null} seconds that the page's address asks for, once */
  #timeToBegin() {
    const asked = this.#timeAsked;
    this.#timeAsked = null;
    return asked;
  }

  #keepPlace() {
    const { currentTime, duration } = this.player.video;
    if (this.#playing !== "replay" || !duration) return;
    this.#keptAt = currentTime;
    this.memory.keepPlace(this.#id, currentTime, duration);
  }
}
