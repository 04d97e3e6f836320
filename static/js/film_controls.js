// What is played now, and the chair's controls of it: pause, place, stop, voice-over.
import { clockTime } from "./figures.js";
import { need, translator } from "./page_data.js";

const t = translator("media-strings");
const STEP_SECONDS = 5;

/** @typedef {{kind: "film" | "camera", media_id: string, title: string, state: "playing" | "paused", position: number, duration: number, voice_over: boolean}} Playback */

/** Events: `control` (detail: what to send to the API). */
export class FilmControls extends EventTarget {
  /** @type {Playback | null} */ playback = null;
  #toldAt = 0;
  #dragging = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    super();
    this.root = root;
    this.box = need("#film-now", root);
    this.range = need("#film-position", root);
    this.range.addEventListener("input", () => { this.#dragging = true; this.#showPlace(Number(this.range.value)); });
    this.range.addEventListener("change", () => {
      this.#dragging = false;
      this.#control({ action: "seek", position: Number(this.range.value) });
    });
    need("#film-pause", root).addEventListener("click", () => {
      this.#control({ action: this.playback?.state === "paused" ? "resume" : "pause" });
    });
    need("#film-stop", root).addEventListener("click", () => this.#control({ action: "stop" }));
    need("#film-voice", root).addEventListener("change", () => {
      this.#control({ action: "voice", voice_over: need("#film-voice", root).checked });
    });
    setInterval(() => this.#tick(), 250);
  }

  /** @param {Playback | null} playback as of now */
  show(playback) {
    this.playback = playback;
    this.#toldAt = performance.now();
    this.root.dataset.playing = playback?.media_id ?? "";
    this.root.dataset.kind = playback?.kind ?? "";
    this.root.dataset.state = playback?.state ?? "";
    this.box.hidden = !playback;
    if (!playback) return;
    const film = playback.kind !== "camera";
    need("#film-place", this.root).hidden = !film;
    need("#film-pause", this.root).hidden = !film;
    const paused = playback.state === "paused";
    need("#film-title", this.root).textContent = playback.title;
    need("#film-pause-words", this.root).textContent = paused ? t("go_on") : t("pause");
    const button = need("#film-pause", this.root);
    need("use", button).setAttribute("href", paused ? button.dataset.iconOn : button.dataset.iconOff);
    need("#film-voice", this.root).checked = playback.voice_over;
    this.range.max = String(Math.max(1, Math.floor(playback.duration)));
    this.range.step = String(playback.duration > 60 ? STEP_SECONDS : 1);
    this.#tick();
  }

  /** Media seconds, as of now. */
  get position() {
    if (!this.playback) return 0;
    const since = this.playback.state === "playing" ? (performance.now() - this.#toldAt) / 1000 : 0;
    return Math.min(this.playback.duration, this.playback.position + since);
  }

  #tick() {
    if (!this.playback || this.#dragging) return;
    this.range.value = String(Math.floor(this.position));
    this.#showPlace(this.position);
  }

  /** @param {number} seconds */
  #showPlace(seconds) {
    const place = { time: clockTime(seconds), length: clockTime(this.playback?.duration ?? 0) };
    need("#film-clock", this.root).textContent = `${place.time} / ${place.length}`;
    this.range.setAttribute("aria-valuetext", t("position", place));
  }

  /** @param {object} wish */
  #control(wish) { this.dispatchEvent(new CustomEvent("control", { detail: wish })); }
}
