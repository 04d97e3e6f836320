// When the next picture of a constant-rate program is due. Pure: it is told the time.

const GIVE_UP_MS = 250; // behind by more, nothing is made up for: the machine slept, or is far too slow

export class FrameClock {
  #next = NaN;
  /** Slots that passed without a picture. */ missed = 0;

  /** @param {number} framesPerSecond */
  constructor(framesPerSecond) { this.period = 1000 / framesPerSecond; }

  /**
   * The slot that is due, else null. Slots that were overslept are counted and left out: two pictures at once help nobody.
   * @param {number} now ms @returns {number | null} the slot's time, ms
   */
  due(now) {
    if (Number.isNaN(this.#next)) this.#next = now;
    if (now < this.#next) return null;
    const late = Math.floor((now - this.#next) / this.period);
    this.missed += late;
    const slot = late * this.period > GIVE_UP_MS ? now : this.#next + late * this.period;
    this.#next = slot + this.period;
    return slot;
  }

  /** @param {number} now ms @returns {number} ms until the next slot */
  wait(now) { return Number.isNaN(this.#next) ? 0 : Math.max(0, this.#next - now); }
}
