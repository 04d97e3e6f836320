// Tells the server what a signed-in viewer has played of a recording and where they are in it, and shows how far that is.
// Loaded by the player's page once the picture moves; strangers' places stay in their browser (playback_memory.js).
import { ApiError, call, ownAddress } from "./api.js";
import { need, t } from "./page_data.js";
import { PlayedSpans } from "./played_spans.js";

const BEAT_MS = 30_000;

/** @typedef {{url: string, completion: number}} Told as the API says it */

export class WatchTracker {
  #played = new PlayedSpans();
  #url = "";
  #position = 0;

  /** @param {import("./hls_player.js").HlsPlayer} player */
  constructor(player) {
    this.player = player;
    const { video } = player;
    video.addEventListener("timeupdate", () => this.#look());
    video.addEventListener("seeking", () => this.#played.stop());
    video.addEventListener("emptied", () => this.#played.stop());
    video.addEventListener("pause", () => { this.#look(); this.#played.stop(); void this.#tell(); });
    document.addEventListener("visibilitychange", () => { if (document.hidden) void this.#tell(); });
    window.addEventListener("pagehide", () => void this.#tell());
    window.setInterval(() => void this.#tell(), BEAT_MS);
  }

  /** What is played now; null: nothing that is kept. @param {Told | null} told */
  watch(told) {
    const url = told ? ownAddress(told.url) : "";
    if (url === this.#url) return;
    void this.#tell(); // of what was played before
    this.#played.stop();
    this.#url = url;
    show(told?.completion ?? 0);
  }

  #look() {
    const { video } = this.player;
    if (!this.#url || video.seeking || video.readyState === 0) return;
    this.#position = this.player.clock;
    this.#played.look(this.#position, performance.now() / 1000);
  }

  /**
   * Also while an earlier one is under way, for the page may be going: each tells spans of its own. `keepalive`
   * outlives the page, and carries its token, which sendBeacon cannot.
   */
  async #tell() {
    if (this.#played.isEmpty || !this.#url) return;
    const [url, spans, position] = [this.#url, this.#played.take(), this.#position];
    try {
      const { completion } = await call("POST", url, { spans, position }, { keepalive: true });
      if (url === this.#url) show(completion);
    } catch (error) {
      if (url === this.#url) this.#failed(error, spans);
    }
  }

  /** @param {unknown} error @param {import("./played_spans.js").Span[]} spans */
  #failed(error, spans) {
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 0 || status === 429 || status >= 500) this.#played.putBack(spans);
    else this.#url = ""; // signed out, or the recording is not theirs to watch any more
    console.info("what was watched is not kept:", error);
  }
}

/** @param {number} completion 0 to 1 */
function show(completion) {
  need("#room").dataset.watched = String(completion);
  const box = /** @type {HTMLElement | null} */ (document.querySelector("#watched"));
  if (!box) return;
  box.hidden = !completion;
  /** @type {any} */ (box.querySelector("progress")).value = completion;
  /** @type {any} */ (box.querySelector("span")).textContent = t("watched", { percent: Math.round(100 * completion) });
}
