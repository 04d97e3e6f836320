// Echo cancellation, noise suppression and automatic gain: switches that act at once and are remembered.
import { need } from "./page_data.js";

const NAMES = /** @type {const} */ (["echoCancellation", "noiseSuppression", "autoGainControl"]);

export class SoundSwitches {
  /** @param {import("./capture.js").Capture} capture @param {(error: unknown) => void} problem */
  constructor(capture, problem) {
    this.capture = capture;
    const boxes = NAMES.map((name) => /** @type {HTMLInputElement} */ (need(`input[name=${name}]`)));
    for (const box of boxes) {
      box.checked = localStorage.getItem(`kodo-${box.name}`) !== "off";
      box.addEventListener("change", () => {
        localStorage.setItem(`kodo-${box.name}`, box.checked ? "on" : "off");
        capture.tune(chosen(boxes)).catch(problem);
      });
    }
    capture.sound = chosen(boxes);
  }
}

/** @param {HTMLInputElement[]} boxes @returns {import("./capture.js").SoundSwitches} */
const chosen = (boxes) => /** @type {any} */ (Object.fromEntries(boxes.map((box) => [box.name, box.checked])));
