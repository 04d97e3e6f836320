// Composes the program's picture: paints the sources' newest pictures by the scene, at a constant rate and size.
// Runs in composer_worker.js, or in the window where workers cannot (canvas_composer.js); whoever runs it calls tick().
import { FrameClock } from "./frame_clock.js";
import { FRAMES_PER_SECOND } from "./picture_quality.js";
import { PictureWatch } from "./picture_watch.js";
import { SCENES, USUAL_INSET, placements } from "./scene.js";

const SAMPLE = { width: 32, height: 18 };
const LOOK_MS = 1000;
const GROUND = "#0b0e10";
const INK = "#e9e6df";

/**
 * @typedef {{image: any, width: number, height: number}} Picture `image`: a VideoFrame or a <video>
 * @typedef {{emit: (image: any, slot: number) => boolean, tell: (message: any) => void, now: () => number}} Means
 * `emit` sends a picture of the program, false if it could not; `tell`: {type: "placed", placements, size}, {type: "watch", sources},
 * {type: "pace", missed, paintMs, pixels} each second: pictures left out so far, the mean time to paint one.
 */

export class ProgramEngine {
  /** @type {Map<string, Picture>} */ #pictures = new Map();
  /** @type {Map<string, PictureWatch>} */ #watches = new Map();
  #clock = new FrameClock(FRAMES_PER_SECOND);
  #scene = SCENES.camera;
  #inset = USUAL_INSET;
  #card = "";
  #placed = "";
  #sampler = new OffscreenCanvas(SAMPLE.width, SAMPLE.height).getContext("2d", { willReadFrequently: true });
  #lookedAt = 0;
  #frames = 0;
  #untaken = 0;
  #paintMs = 0;

  /** @param {any} canvas an OffscreenCanvas or <canvas> of the program's size @param {Means} means */
  constructor(canvas, means) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.means = means;
  }

  /** @param {import("./scene.js").Scene} scene @param {import("./scene.js").Inset} inset */
  arrange(scene, inset) { this.#scene = scene; this.#inset = inset; }

  /** @param {import("./scene.js").Size} size */
  resize({ width, height }) { Object.assign(this.canvas, { width, height }); }

  /** What is written where there is no picture. @param {string} words */
  caption(words) { this.#card = words; }

  /** The newest picture of a source; the one before is closed. @param {string} source @param {Picture} picture */
  show(source, picture) {
    const old = this.#pictures.get(source);
    if (old && old.image !== picture.image) old.image.close?.();
    this.#pictures.set(source, picture);
  }

  /** The source has no picture any more. @param {string} source */
  hide(source) {
    this.#pictures.get(source)?.image.close?.();
    this.#pictures.delete(source);
    this.#watches.delete(source);
  }

  /** Paint and send, if a picture is due. @returns {number} ms until the next one */
  tick() {
    const began = this.means.now();
    const slot = this.#clock.due(began);
    if (slot !== null) {
      this.#paint(slot);
      this.#frames += 1;
      this.#paintMs += this.means.now() - began;
      if (slot - this.#lookedAt >= LOOK_MS) this.#look(slot);
    }
    return this.#clock.wait(this.means.now());
  }

  /** Also a camera that fills the program is painted: passed on as it is, its other colour description would begin a take. @param {number} slot */
  #paint(slot) {
    const program = { width: this.canvas.width, height: this.canvas.height };
    const placed = placements(this.#scene, this.#inset, Object.fromEntries(this.#pictures), program);
    this.#tellPlaces(placed, program);
    this.context.fillStyle = GROUND;
    this.context.fillRect(0, 0, program.width, program.height);
    for (const one of placed) this.#draw(one);
    if (placed.length === 0) this.#write(program);
    if (!this.means.emit(this.canvas, slot)) this.#untaken += 1;
  }

  /** @param {import("./scene.js").Placement} one */
  #draw({ source, crop, place }) {
    const { image } = /** @type {Picture} */ (this.#pictures.get(source));
    this.context.drawImage(image, crop.x, crop.y, crop.width, crop.height, place.x, place.y, place.width, place.height);
  }

  /** @param {import("./scene.js").Size} program */
  #write({ width, height }) {
    const { context } = this;
    context.fillStyle = INK;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `600 ${Math.round(height / 14)}px system-ui, sans-serif`;
    context.fillText(this.#card, width / 2, height / 2, 0.86 * width);
  }

  /** @param {import("./scene.js").Placement[]} placed @param {import("./scene.js").Size} size */
  #tellPlaces(placed, size) {
    const now = JSON.stringify([placed, size]);
    if (now === this.#placed) return;
    this.#placed = now;
    this.means.tell({ type: "placed", placements: placed, size });
  }

  /** @param {number} slot */
  #look(slot) {
    this.#lookedAt = slot;
    const sources = Object.fromEntries([...this.#pictures].map(([name, picture]) => [name, this.#watch(name, picture, slot)]));
    this.means.tell({ type: "watch", sources });
    const pixels = this.canvas.width * this.canvas.height;
    const missed = this.#clock.missed + this.#untaken;
    this.means.tell({ type: "pace", missed, paintMs: this.#paintMs / this.#frames, pixels });
    this.#frames = 0;
    this.#paintMs = 0;
  }

  /** @param {string} name @param {Picture} picture @param {number} slot */
  #watch(name, { image }, slot) {
    const sampler = /** @type {OffscreenCanvasRenderingContext2D} */ (this.#sampler);
    sampler.drawImage(image, 0, 0, SAMPLE.width, SAMPLE.height);
    const watch = this.#watches.get(name) ?? new PictureWatch();
    this.#watches.set(name, watch);
    return watch.look(sampler.getImageData(0, 0, SAMPLE.width, SAMPLE.height).data, slot);
  }

  close() { for (const name of [...this.#pictures.keys()]) this.hide(name); }
}
