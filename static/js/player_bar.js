// The bar under the picture: Live button with the distance behind, speed, sound.
import { clockTime } from "./figures.js";
import { need, t } from "./page_data.js";

export class PlayerBar {
  /** @param {HTMLElement} root @param {import("./hls_player.js").HlsPlayer} player */
  constructor(root, player) {
    this.root = root;
    this.player = player;
    this.liveButton = need("#go-live", root);
    this.speed = /** @type {HTMLSelectElement} */ (need("#speed", root));
    this.unmute = need("#unmute", root);
    this.liveButton.addEventListener("click", () => player.goLive());
    this.speed.addEventListener("change", () => player.setRate(Number(this.speed.value)));
    this.unmute.addEventListener("click", () => this.#unmuteVideo());
    player.video.addEventListener("volumechange", () => { if (!player.video.muted) this.unmute.hidden = true; });
    player.addEventListener("change", () => this.#draw());
    window.setInterval(() => this.#draw(), 500);
  }

  /** Plays with sound; where the browser forbids that before a click, without, and says so. */
  startPlaying() {
    const { video } = this.player;
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || video.muted) return;
      video.muted = true;
      this.unmute.hidden = false;
      video.play().catch(() => { this.unmute.hidden = true; }); // then its own play button is the way
    });
  }

  #unmuteVideo() {
    this.player.video.muted = false;
    this.unmute.hidden = true;
    void this.player.video.play();
  }

  #draw() {
    const { player, root } = this;
    const { following, isLive, behind } = player;
    this.liveButton.hidden = !isLive;
    this.liveButton.setAttribute("aria-pressed", String(following));
    const far = isLive && !following && behind >= 1;
    const words = far ? t("behind", { time: clockTime(behind) }) : "";
    if (need("#behind", root).textContent !== words) need("#behind", root).textContent = words;
    if (Number(this.speed.value) !== player.chosenRate) this.speed.value = String(player.chosenRate);
    root.dataset.following = String(following);
    root.dataset.behind = behind.toFixed(1);
  }
}
