// Which size of picture is sent: chosen by the lecturer, or by what machine and line carry.
import { need, t } from "./page_data.js";
import { AUTO, Overload, PaintCost, qualityFor, smaller } from "./picture_quality.js";

/** Event: `change` (another `quality`). */
export class QualityPicker extends EventTarget {
  #list = /** @type {HTMLSelectElement} */ (need("#quality"));
  #overload = new Overload();
  #cost = new PaintCost();
  /** @type {import("./picture_quality.js").Means} */ #means = {
    cores: navigator.hardwareConcurrency || 2, uplinkKilobits: null, paintMs: 0,
  };

  constructor() {
    super();
    this.#list.value = localStorage.getItem("kodo-quality") ?? AUTO;
    if (!this.#list.value) this.#list.value = AUTO;
    this.quality = qualityFor(this.#list.value, this.#means);
    this.#list.addEventListener("change", () => {
      localStorage.setItem("kodo-quality", this.#list.value);
      this.#become(qualityFor(this.#list.value, this.#means));
    });
    this.#draw();
  }

  /** The line has been measured. @param {number} kilobits per second */
  learnLine(kilobits) {
    this.#means.uplinkKilobits = kilobits;
    this.#chooseAnew();
  }

  /** The composer tells its pace; before the lecture only, for another size begins a new take. @param {{paintMs: number, pixels: number}} pace */
  learnPace({ paintMs, pixels }) {
    this.#means.paintMs = this.#cost.learn(paintMs, pixels);
    this.#chooseAnew();
  }

  #chooseAnew() {
    if (this.#list.value === AUTO) this.#become(qualityFor(AUTO, this.#means));
  }

  /** While live: true when the picture has just been made smaller. @param {import("./line_quality.js").LineFigures} figures @param {number} now ms */
  watch(figures, now) {
    if (this.#list.value !== AUTO || !this.#overload.look(figures, this.quality, now)) return false;
    const next = smaller(this.quality);
    if (next) this.#become(next);
    return next !== null;
  }

  /** @param {import("./picture_quality.js").Quality} quality */
  #become(quality) {
    const same = quality.name === this.quality.name;
    this.quality = quality;
    this.#draw();
    if (!same) this.dispatchEvent(new Event("change"));
  }

  #draw() {
    const { name, width, height } = this.quality;
    need("#quality-words").textContent = t("quality_now", { name, width, height });
  }
}
