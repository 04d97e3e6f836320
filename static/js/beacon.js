// Tells the server now and then that this page watches: the viewer count and the usage history are made of it.
import { call, ownAddress, serverNow } from "./api.js";
import { PlayFigures, stateOfVideo } from "./play_figures.js";

const LOOK_MS = 1000;

/** @typedef {{session: string, replay: boolean}} Watched what is on this page's screen */

export class Beacon {
  #timer = 0;
  #url = "";
  #viewer = viewerId();
  #page = randomId();
  /** @type {Watched | null} */ #watched = null;
  #figures = new PlayFigures();
  #told = "";

  /** @param {import("./hls_player.js").HlsPlayer} player */
  constructor(player) {
    this.player = player;
    window.setInterval(() => this.#figures.look(stateOfVideo(player.video), performance.now() / 1000), LOOK_MS);
    window.addEventListener("pagehide", () => this.#send({ keepalive: true }));
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.#send({ keepalive: true }); });
  }

  /** @param {string | null} url @param {number} seconds between two beacons @param {Watched | null} watched null: nothing */
  run(url, seconds, watched) {
    const same = watched?.session === this.#watched?.session && watched?.replay === this.#watched?.replay;
    if (same && (!watched || url === this.#url)) return;
    this.#send(); // the last of what was watched before
    this.#url = url ?? "";
    this.#watched = url ? watched : null;
    this.#figures = new PlayFigures();
    this.#told = "";
    clearInterval(this.#timer);
    if (!this.#watched) return;
    this.#send();
    this.#timer = window.setInterval(() => this.#send(), seconds * 1000);
  }

  /** @param {{keepalive?: boolean}} [how] */
  #send(how = {}) {
    if (!this.#watched) return;
    const told = JSON.stringify([this.#watched, this.#figures.told]);
    if (this.#watched.replay && told === this.#told) return; // a recording that rests is no news
    this.#told = told;
    const body = { viewer: this.#viewer, page: this.#page, ...this.#watched, ...this.#figures.told, ...this.#quality() };
    // One lost beacon is made good by the next: only the count is late.
    call("POST", ownAddress(this.#url), body, how).catch((error) => console.info("beacon:", error.message));
  }

  /** What is known of the picture now; the rest is left out. */
  #quality() {
    const { video, kbps, playingDate, isLive } = this.player;
    const behind = isLive && playingDate !== null ? serverNow() - playingDate : NaN;
    return {
      ...(video.videoHeight > 0 && { height: video.videoHeight }),
      ...(kbps > 0 && { kbps }),
      ...(behind >= 0 && behind < 86_400_000 && { latency_ms: Math.round(behind) }),
    };
  }
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** @returns {string} random, kept while the tab lives: a reload is the same viewer */
function viewerId() {
  const fresh = randomId();
  try {
    const kept = sessionStorage.getItem("kodo-viewer");
    if (!kept) sessionStorage.setItem("kodo-viewer", fresh);
    return kept ?? fresh;
  } catch {
    return fresh; // a frame of another site has no storage
  }
}
