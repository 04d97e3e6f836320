// Plays with sound; where the browser forbids that before a click, without, and offers the sound.

export class Autoplay {
  #silenced = false;

  /** @param {HTMLVideoElement} video @param {HTMLElement} unmute the button over the picture */
  constructor(video, unmute) {
    this.video = video;
    this.unmute = unmute;
    unmute.addEventListener("click", () => this.#giveSound());
    video.addEventListener("volumechange", () => { if (!video.muted) this.#settled(); });
  }

  /** Whether the sound is off by the browser's will, not the viewer's. */
  get silenced() { return this.#silenced; }

  start() {
    const { video } = this;
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || video.muted) return;
      this.#silenced = true;
      video.muted = true;
      this.unmute.hidden = false;
      video.play().catch(() => this.#settled()); // then its own play button is the way
    });
  }

  #giveSound() {
    this.video.muted = false;
    this.#settled();
    void this.video.play();
  }

  #settled() {
    this.#silenced = false;
    this.unmute.hidden = true;
  }
}
