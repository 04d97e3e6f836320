// Looks again and again while the page is seen: each few seconds, less often while nobody answers, at once on coming back.
import { backoffMs } from "./backoff.js";

export class SteadyPoll {
  #timer = 0;
  #failures = 0;
  #looking = false;

  /** @param {() => Promise<unknown>} look throws when there was no answer @param {number} everyMs */
  constructor(look, everyMs) {
    this.look = look;
    this.everyMs = everyMs;
  }

  start() {
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.now(); });
    this.#schedule(this.everyMs);
  }

  /** Look at once; one look at a time. */
  async now() {
    if (this.#looking) return;
    clearTimeout(this.#timer);
    this.#looking = true;
    try {
      await this.look();
      this.#failures = 0;
    } catch {
      this.#failures += 1; // told by who looks
    }
    this.#looking = false;
    const wait = this.#failures ? backoffMs(this.#failures, { first: this.everyMs / 1000, most: 30 }) : this.everyMs;
    // Pages that were opened together do not ask together for ever.
    this.#schedule(wait * (0.9 + 0.2 * Math.random()));
  }

  /** @param {number} ms */
  #schedule(ms) {
    this.#timer = window.setTimeout(() => { if (!document.hidden) void this.now(); }, ms);
  }
}
