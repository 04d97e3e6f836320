// The large picture of the studio: the program as viewers get it, and the small picture in it, moved by drag and by keys.
import { need } from "./page_data.js";
import { cornerAt, insetAfterKey, sharing } from "./scene.js";

export class ProgramView {
  #frame = need("#preview");
  #video = /** @type {HTMLVideoElement} */ (need("#preview video"));
  #handle = /** @type {HTMLElement} */ (need("#inset"));
  #mirror = /** @type {HTMLInputElement} */ (need("#mirror"));

  /** @param {import("./program.js").Program} program @param {import("./capture.js").Capture} capture */
  constructor(program, capture) {
    this.program = program;
    this.capture = capture;
    this.#video.srcObject = new MediaStream([program.composer.track]);
    this.#mirror.checked = localStorage.getItem("kodo-mirror") !== "off";
    this.#mirror.addEventListener("change", () => { localStorage.setItem("kodo-mirror", this.#mirror.checked ? "on" : "off"); this.draw(); });
    this.#handle.addEventListener("keydown", (event) => this.#onKey(event));
    this.#handle.addEventListener("pointerdown", (event) => this.#onGrab(event));
    program.addEventListener("placed", (e) => this.#place(/** @type {CustomEvent} */ (e).detail));
    program.addEventListener("scene", () => this.draw());
  }

  /** The camera alone is shown as in a mirror, to oneself only; all else as viewers get it. */
  draw() {
    const mirrored = this.#mirror.checked && this.program.scene === "camera" && this.capture.camera !== null;
    this.#frame.classList.toggle("mirrored", mirrored);
    need("#no-picture").hidden = this.program.hasPicture;
    void this.#video.play().catch((error) => console.info("preview:", error.name)); // a hidden tab
  }

  /** @param {{placements: import("./scene.js").Placement[], size: import("./scene.js").Size}} placed */
  #place({ placements, size }) {
    const inset = placements.find((one) => one.inset);
    this.#handle.hidden = !inset;
    this.#frame.dataset.placed = placements.map((one) => one.source).join(" ");
    this.#frame.dataset.corner = this.program.inset.corner; // the grip is at the side away from the edge
    if (!inset) return;
    const { x, y, width, height } = inset.place;
    const parts = { left: x / size.width, top: y / size.height, width: width / size.width, height: height / size.height };
    for (const [name, part] of Object.entries(parts)) this.#handle.style.setProperty(name, `${100 * part}%`);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const inset = insetAfterKey(this.program.inset, event.key);
    if (!inset || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.program.placeInset(inset);
  }

  /** @param {PointerEvent} event */
  #onGrab(event) {
    if (event.button !== 0) return;
    const sizing = event.target instanceof Element && event.target.closest(".grip") !== null;
    const grabbed = new AbortController();
    const begun = { x: event.clientX, share: this.program.inset.share };
    this.#handle.setPointerCapture(event.pointerId);
    this.#handle.addEventListener("pointermove", (e) => (sizing ? this.#size(e, begun) : this.#drag(e)), { signal: grabbed.signal });
    for (const end of ["pointerup", "pointercancel"]) this.#handle.addEventListener(end, () => grabbed.abort(), { signal: grabbed.signal });
  }

  /** It jumps to the corner whose quarter the pointer is in: at once, so that one sees what viewers see. @param {PointerEvent} event */
  #drag(event) {
    const frame = this.#frame.getBoundingClientRect();
    const corner = cornerAt((event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height);
    if (corner !== this.program.inset.corner) this.program.placeInset({ ...this.program.inset, corner });
  }

  /** @param {PointerEvent} event @param {{x: number, share: number}} begun */
  #size(event, begun) {
    const outwards = this.program.inset.corner.endsWith("left") ? 1 : -1;
    const share = sharing(begun.share + (outwards * (event.clientX - begun.x)) / this.#frame.clientWidth);
    if (share !== this.program.inset.share) this.program.placeInset({ ...this.program.inset, share });
  }
}
