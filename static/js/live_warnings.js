// Warnings that come and go by themselves, in words, above the picture: a silent microphone, a black or frozen picture, a tired machine.
import { need, t } from "./page_data.js";

export const PATIENCE_MS = 15_000;

export class LiveWarnings {
  #list = need("#warnings");
  /** @type {Map<string, HTMLElement>} */ #shown = new Map();

  /** @param {string} key of the sentence @param {boolean} on */
  set(key, on) {
    const item = this.#shown.get(key);
    if (on === Boolean(item)) return;
    if (item) { item.remove(); this.#shown.delete(key); return; }
    const fresh = need("#warning").content.firstElementChild.cloneNode(true);
    fresh.dataset.warning = key;
    need("span", fresh).textContent = t(key);
    this.#list.append(fresh);
    this.#shown.set(key, fresh);
  }

  /**
   * What the composer sees in the sources that are on. A screen may rest; a camera never does.
   * @param {Record<string, import("./picture_watch.js").PictureState>} sources
   */
  pictures({ camera, screen }) {
    this.set("camera_black", (camera?.blackMs ?? 0) > PATIENCE_MS);
    this.set("camera_frozen", (camera?.stillMs ?? 0) > PATIENCE_MS && !(camera.blackMs > PATIENCE_MS));
    this.set("screen_black", (screen?.blackMs ?? 0) > PATIENCE_MS);
  }
}
