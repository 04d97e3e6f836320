// What has been played since the server was told last, as spans of the lecture's clock. Pure: no player, no clock of its own.

const FASTEST = 2;
const LATE_SECONDS = 0.5; // between two looks a player may run ahead of the machine's clock by this much
export const MOST_SPANS = 100; // that one beacon may tell

/** @typedef {[number, number]} Span seconds of the lecture's clock */

export class PlayedSpans {
  /** @type {Span[]} */ #spans = [];
  #last = -Infinity; // the moment looked at last, while it is played on from there
  #at = 0;

  /** A picture is shown. What was played since the look before counts; a jump counts nothing. @param {number} clock @param {number} now seconds */
  look(clock, now) {
    const step = clock - this.#last;
    if (step > 0 && step <= FASTEST * Math.max(0, now - this.#at) + LATE_SECONDS) this.#add(this.#last, clock);
    this.#last = clock;
    this.#at = now;
  }

  /** The next look is at another place, or later: nothing is played up to it. */
  stop() { this.#last = -Infinity; }

  get isEmpty() { return this.#spans.length === 0; }

  /** To be told now. @returns {Span[]} the newest, in order of time played */
  take() {
    const taken = this.#spans.slice(-MOST_SPANS);
    this.#spans = [];
    return taken.map(([from, to]) => [hundredths(from), hundredths(to)]);
  }

  /** They were not told: the next beacon has them. @param {Span[]} spans */
  putBack(spans) { this.#spans = [...spans, ...this.#spans].slice(-MOST_SPANS); }

  /** @param {number} from @param {number} to */
  #add(from, to) {
    const newest = this.#spans.at(-1);
    if (newest && newest[1] === from) newest[1] = to;
    else this.#spans.push([from, to]);
  }
}

/** @param {number} seconds */
const hundredths = (seconds) => Math.round(seconds * 100) / 100;
