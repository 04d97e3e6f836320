// The part of the controls that media-chrome does not know: Live button with the distance behind, and speed.
import { clockTime } from "./figures.js";
import { need, t } from "./page_data.js";

export class PlayerBar {
  /**
   * @param {HTMLElement} root @param {import("./hls_player.js").HlsPlayer} player
   * @param {(rate: number) => void} onRate the viewer has chosen a speed
   */
  constructor(root, player, onRate) {
    this.player = player;
    this.liveButton = need("#go-live", root);
    this.behind = need("#behind", root);
    this.speed = /** @type {HTMLSelectElement} */ (need("#speed", root));
    this.liveButton.addEventListener("click", () => player.goLive());
    this.speed.addEventListener("change", () => { player.setRate(Number(this.speed.value)); onRate(player.chosenRate); });
    player.addEventListener("change", () => this.#draw());
    window.setInterval(() => this.#draw(), 500);
    this.#draw();
  }

  #draw() {
    const { following, isLive, behind, chosenRate } = this.player;
    this.liveButton.hidden = !isLive;
    this.liveButton.setAttribute("aria-pressed", String(following));
    const words = isLive && !following && behind >= 1 ? t("behind", { time: clockTime(behind) }) : "";
    if (this.behind.textContent !== words) this.behind.textContent = words;
    if (Number(this.speed.value) !== chosenRate) this.speed.value = String(chosenRate);
  }
}
