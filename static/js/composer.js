// The program's picture track, composed of any sources: in a worker where the browser can, else in the window.
// Owned by program.js; ends with close().
import { CanvasComposer } from "./canvas_composer.js";

/** @typedef {import("./scene.js").Size} Size @typedef {import("./scene.js").Scene} Scene @typedef {import("./scene.js").Inset} Inset */

/**
 * The best composer that this browser has. Both have the same methods, a `track` of constant size and rate, `steadyWhenHidden`,
 * and the events `placed`, `watch`, `pace` (detail: what ProgramEngine tells).
 * @param {Size} size
 */
export const openComposer = (size) => (WorkerComposer.possible ? new WorkerComposer(size) : new CanvasComposer(size));

/** Chromium 94 and later: tracks as streams are made in the window, and the streams go to the worker. */
export class WorkerComposer extends EventTarget {
  steadyWhenHidden = true;
  #worker = new Worker(new URL("composer_worker.js", import.meta.url), { type: "module", name: "kodo-composer" });

  static get possible() {
    return ["MediaStreamTrackProcessor", "MediaStreamTrackGenerator", "VideoFrame"].every((name) => name in globalThis);
  }

  /** @param {Size} size */
  constructor(size) {
    super();
    /** @type {MediaStreamTrack & {writable: WritableStream}} */
    this.track = new /** @type {any} */ (globalThis).MediaStreamTrackGenerator({ kind: "video" });
    const { writable } = this.track;
    this.#worker.addEventListener("message", ({ data }) => this.dispatchEvent(new CustomEvent(data.type, { detail: data })));
    this.#worker.addEventListener("error", (event) => console.error("the composer failed:", event.message));
    this.#worker.postMessage({ type: "begin", writable, size }, [writable]);
  }

  /** @param {string} name @param {MediaStreamTrack | null} track */
  setSource(name, track) {
    if (!track) { this.#worker.postMessage({ type: "source", name, readable: null }); return; }
    const { readable } = new /** @type {any} */ (globalThis).MediaStreamTrackProcessor({ track, maxBufferSize: 1 });
    this.#worker.postMessage({ type: "source", name, readable }, [readable]);
  }

  /** @param {Scene} scene @param {Inset} inset */
  arrange(scene, inset) { this.#worker.postMessage({ type: "arrange", scene, inset }); }

  /** @param {Size} size */
  resize(size) { this.#worker.postMessage({ type: "resize", size }); }

  /** @param {string} words */
  caption(words) { this.#worker.postMessage({ type: "caption", words }); }

  close() {
    this.#worker.terminate();
    this.track.stop();
  }
}
