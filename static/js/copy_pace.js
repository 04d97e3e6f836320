// Whether this machine carries a safety copy beside the lecture: where the program misses pictures, the copy yields first. Pure.

const LOOK_MS = 10_000;
const MISSED_PER_SECOND = 4.5; // of 30
const CALM_MS = 60_000; // until it is tried again, and each time twice as long

export class CopyPace {
  #missed = NaN;
  #since = 0;
  #calm = CALM_MS;
  /** @type {number | null} */ #yieldedAt = null;

  /**
   * @param {number} missed pictures that the composer was too late for, so far @param {number} now ms
   * @returns {boolean} whether a copy may be kept
   */
  look(missed, now) {
    if (Number.isNaN(this.#missed)) this.#reset(missed, now);
    if (now - this.#since < LOOK_MS) return this.#yieldedAt === null;
    const slow = missed - this.#missed > (MISSED_PER_SECOND * (now - this.#since)) / 1000;
    this.#reset(missed, now);
    if (slow) this.#yieldedAt = now; // also while it has yielded: the calm begins anew
    else if (this.#yieldedAt !== null && now - this.#yieldedAt >= this.#calm) {
      this.#yieldedAt = null;
      this.#calm *= 2;
    }
    return this.#yieldedAt === null;
  }

  /** @param {number} missed @param {number} now */
  #reset(missed, now) {
    this.#missed = missed;
    this.#since = now;
  }
}
