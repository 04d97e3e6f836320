// Holds the screen saver off. The browser drops the lock with every hidden tab: it is taken again on return.

export class WakeLock {
  #wanted = false;
  /** @type {any} */ #lock = null;

  constructor() {
    document.addEventListener("visibilitychange", () => { if (this.#wanted) void this.#take(); });
  }

  /** @param {boolean} wanted */
  set(wanted) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) void this.#take();
    else { void this.#lock?.release(); this.#lock = null; }
  }

  async #take() {
    const api = /** @type {any} */ (navigator).wakeLock;
    if (!api || document.visibilityState !== "visible") return;
    try {
      this.#lock = await api.request("screen");
      if (!this.#wanted) this.set(false);
    } catch (error) {
      console.info("the screen may go dark:", error); // low battery, or not allowed here
    }
  }
}
