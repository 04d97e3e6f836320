// The row under the picture: sources and layouts, one click (or the keys 1 to 4) away; what is not on yet is asked for.
import { Capture } from "./capture.js";
import { need } from "./page_data.js";
import { SCENES } from "./scene.js";

export class ScenePicker {
  /** @type {HTMLButtonElement[]} */ #tiles = [...need("#scenes").querySelectorAll("[data-scene]")];

  /**
   * @param {import("./program.js").Program} program @param {Capture} capture
   * @param {{useCamera: () => Promise<void>, shareScreen: (scene: string) => Promise<void>}} sources
   */
  constructor(program, capture, sources) {
    this.program = program;
    this.capture = capture;
    this.sources = sources;
    for (const tile of this.#tiles) {
      tile.addEventListener("click", () => void this.choose(tile.dataset.scene ?? "camera"));
      if (!Capture.screenPossible) tile.hidden = SCENES[tile.dataset.scene ?? ""].sources.includes("screen");
    }
    program.addEventListener("scene", () => this.draw());
    capture.addEventListener("change", () => this.draw());
  }

  /** @param {string} scene one of SCENES */
  async choose(scene) {
    const { sources } = SCENES[scene];
    if (sources.includes("screen") && !this.capture.screen) {
      if (Capture.screenPossible) await this.sources.shareScreen(scene);
      return;
    }
    if (sources.includes("camera") && !this.capture.camera) await this.sources.useCamera();
    this.program.choose(scene);
  }

  draw() {
    for (const tile of this.#tiles) {
      tile.setAttribute("aria-pressed", String(tile.dataset.scene === this.program.scene));
      const video = tile.querySelector("video");
      if (video) show(video, tile.dataset.scene === "camera" ? this.capture.camera : this.capture.screen);
    }
  }
}

/** @param {HTMLVideoElement} video @param {MediaStreamTrack | null} track */
function show(video, track) {
  const shown = /** @type {MediaStream | null} */ (video.srcObject)?.getTracks()[0] ?? null;
  video.hidden = !track;
  if (shown === track) return;
  video.srcObject = track ? new MediaStream([track]) : null;
  if (track) void video.play().catch((error) => console.info("thumbnail:", error.name)); // exchanged again meanwhile
}
