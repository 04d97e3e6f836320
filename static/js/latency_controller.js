// Holds a live player close behind the edge by its playback rate. Pure: time and buffer come in, a rate goes out.
// Every tick reports how much is buffered ahead; the least of the last 1.2 s is what is safely left before the
// picture would stop, and that is steered to the aim. Stalls raise the aim, quiet minutes lower it again.

const WINDOW_MS = 1200;
const SETTLE_MS = 600; // a part's saw-tooth must be seen once before its minimum means anything
const LEAST_AIM = 0.3; // seconds; 0.15 stalled under load, 0.4 cost 80 ms
const MOST_AIM = 2;
const STALL_STEP = 0.2;
const ONE_STALL_MS = 5000; // what comes within it is the same trouble
const QUIET_MS = 20000;
const SEEK_ERROR = 4; // seconds too far behind: playing faster would take minutes

export class LatencyController {
  /** @type {{at: number, ahead: number}[]} */ #samples = [];
  #aim = LEAST_AIM;
  #quietSince = -Infinity;
  #stalledAt = -Infinity;

  get aim() { return this.#aim; }

  /** Forget what was measured (after a seek, a pause, a new playlist). */
  reset() { this.#samples = []; }

  /** The picture stopped for want of data. @param {number} now ms */
  stalled(now) {
    this.reset();
    if (now - this.#stalledAt < ONE_STALL_MS) return;
    this.#aim = Math.min(MOST_AIM, this.#aim + STALL_STEP);
    this.#stalledAt = this.#quietSince = now;
  }

  /**
   * @param {number} now ms, monotonic @param {number} ahead seconds buffered ahead of the playhead
   * @returns {{rate: number, seek: boolean}}
   */
  sample(now, ahead) {
    this.#samples.push({ at: now, ahead });
    while (this.#samples[0].at < now - WINDOW_MS) this.#samples.shift();
    this.#relax(now);
    if (now - this.#samples[0].at < SETTLE_MS) return { rate: 1, seek: false };
    const error = Math.min(...this.#samples.map((s) => s.ahead)) - this.#aim;
    return { rate: rateFor(error), seek: error > SEEK_ERROR };
  }

  /** @param {number} now */
  #relax(now) {
    if (now - this.#quietSince < QUIET_MS) return;
    this.#aim = Math.max(LEAST_AIM, this.#aim - 0.1);
    this.#quietSince = now;
  }
}

/** @param {number} error seconds more than wanted @returns {number} 0.95–1.1: a voice stays a voice */
export function rateFor(error) {
  if (error > 0.05) return 1 + Math.min(0.1, Math.max(0.02, 0.4 * error));
  return error < -0.1 ? 0.95 : 1;
}
