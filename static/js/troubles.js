// The line that says what is wrong and that the page goes on by itself; one at a time, the worst first.
import { need } from "./page_data.js";

/** @typedef {"page" | "feed" | "player"} Whose */

export class Troubles {
  /** @type {Map<Whose, string>} */ #said = new Map();

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  /** @param {Whose} whose @param {string} words "" when it is good again */
  say(whose, words) {
    if (words) this.#said.set(whose, words);
    else this.#said.delete(whose);
    const shown = this.#worst();
    need("#trouble").hidden = !shown;
    need("#trouble-words").textContent = shown;
  }

  #worst() {
    const [player, page, feed] = [this.#said.get("player"), this.#said.get("page"), this.#said.get("feed")];
    // While the picture runs, a feed that is late is no news to anybody.
    const plays = !this.video.paused && !player;
    return player ?? page ?? (plays ? "" : feed) ?? "";
  }
}
