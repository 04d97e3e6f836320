// From the lecture's own clock to the player's time and back: a replay leaves slates out. Pure.

/** @typedef {{start: number, duration: number, programDateTime: number | null}} Fragment of a playlist: seconds, and wall clock in ms */

export class ClockMap {
  /** @type {{clock: number, start: number, duration: number}[]} */ #spans;

  /** @param {Fragment[]} fragments in order; none: both times are the same @param {number} zero wall clock (ms) of the lecture's beginning; NaN: of the first fragment */
  constructor(fragments, zero = NaN) {
    const first = fragments.length && zero ? zero : fragments[0]?.programDateTime ?? null;
    this.#spans = first === null ? [] : fragments.filter(({ programDateTime }) => programDateTime !== null)
      .map(({ start, duration, programDateTime }) => ({ clock: (/** @type {number} */ (programDateTime) - first) / 1000, start, duration }));
  }

  /** Whether a moment lies elsewhere than by `other`; hls.js moves fragments by a few ms all the time. @param {ClockMap} other */
  differsFrom(other) {
    const apart = this.#ends.map((end, index) => Math.abs(end - other.#ends[index]));
    return this.#ends.length !== other.#ends.length || apart.some((seconds) => seconds > 0.04);
  }

  /** How far the clock is before the player's time at the beginning and the end. */
  get #ends() {
    const [first, last] = [this.#spans[0], this.#spans.at(-1)];
    return first && last ? [first.clock - first.start, last.clock - last.start] : [];
  }

  /**
   * @param {number} clock seconds of the lecture's clock
   * @returns {number} seconds of the player; a moment that was left out is the beginning of what follows it
   */
  toPlayer(clock) {
    if (!this.#spans.length) return clock;
    const index = Math.max(0, this.#last((span) => span.clock <= clock));
    const { clock: at, start, duration } = this.#spans[index];
    const next = this.#spans[index + 1];
    return next && clock - at > duration ? next.start : start + Math.max(0, clock - at);
  }

  /** @param {number} time seconds of the player @returns {number} seconds of the lecture's clock */
  toClock(time) {
    if (!this.#spans.length) return time;
    const { clock, start } = this.#spans[Math.max(0, this.#last((span) => span.start <= time))];
    return Math.max(0, clock + time - start);
  }

  /** The last span that fits, by halving; -1 where none does. @param {(span: {clock: number, start: number}) => boolean} fits */
  #last(fits) {
    let [low, high] = [0, this.#spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(this.#spans[middle])) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
