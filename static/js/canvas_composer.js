// Composes in the window, for browsers that give a worker no camera pictures (Firefox, Safari). Same interface as WorkerComposer.
// Its beat comes from a worker, whose timers a hidden tab does not slow down; the pictures themselves may still be late there.
import { FRAMES_PER_SECOND } from "./picture_quality.js";
import { ProgramEngine } from "./program_engine.js";

export class CanvasComposer extends EventTarget {
  steadyWhenHidden = false;
  #canvas = document.createElement("canvas");
  /** @type {Map<string, HTMLVideoElement>} */ #videos = new Map();
  #beat = new Worker(new URL("beat_worker.js", import.meta.url), { type: "module", name: "kodo-beat" });

  /** @param {import("./scene.js").Size} size */
  constructor(size) {
    super();
    Object.assign(this.#canvas, size);
    const tell = (/** @type {any} */ message) => this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
    const emit = () => { this.track.requestFrame?.(); return true; };
    this.engine = new ProgramEngine(this.#canvas, { emit, tell, now: () => performance.now() });
    const stream = this.#canvas.captureStream(0); // after the engine took its context: without one Firefox gives no stream
    // Browsers without requestFrame() take pictures by themselves as they change.
    const asked = "requestFrame" in stream.getVideoTracks()[0];
    this.track = /** @type {any} */ (asked ? stream : this.#canvas.captureStream(FRAMES_PER_SECOND)).getVideoTracks()[0];
    this.#beat.addEventListener("message", () => this.#step());
    this.#beat.postMessage(1000 / FRAMES_PER_SECOND / 4);
  }

  /** @param {string} name @param {MediaStreamTrack | null} track */
  setSource(name, track) {
    this.#videos.get(name)?.pause();
    this.#videos.delete(name);
    if (!track) { this.engine.hide(name); return; }
    const video = document.createElement("video");
    Object.assign(video, { muted: true, playsInline: true, srcObject: new MediaStream([track]) });
    this.#videos.set(name, video);
    void video.play().catch((error) => console.info(`${name}:`, error.name)); // it was exchanged meanwhile
  }

  /** @param {import("./scene.js").Scene} scene @param {import("./scene.js").Inset} inset */
  arrange(scene, inset) { this.engine.arrange(scene, inset); }

  /** @param {import("./scene.js").Size} size */
  resize(size) { this.engine.resize(size); }

  /** @param {string} words */
  caption(words) { this.engine.caption(words); }

  #step() {
    for (const [name, video] of this.#videos) {
      if (video.readyState >= 2 && video.videoWidth) {
        this.engine.show(name, { image: video, width: video.videoWidth, height: video.videoHeight });
      }
    }
    this.engine.tick();
  }

  close() {
    this.#beat.terminate();
    for (const name of [...this.#videos.keys()]) this.setSource(name, null);
    this.track.stop();
  }
}
