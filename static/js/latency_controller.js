// Holds a live player close behind the edge by its playback rate. Pure: time and buffer come in, a rate goes out.
// Every tick tells how far the buffer reaches. Two things are read from that. The least that was left ahead in the last
// 1.2 s is what is safely there before the picture would stop: it is steered to the aim. And how late parts come, against
// the earliest of the last two minutes, whatever rate they are played at: the aim covers that, so a line with jitter moves
// the picture back by itself, mostly before it stops, and a line that has become quiet moves it forth again.

const WINDOW_MS = 1200;
const SETTLE_MS = 600; // a part's saw-tooth must be seen once before its minimum means anything
const LEAST_AIM = 0.3; // seconds; 0.15 stalled under load, 0.4 cost 80 ms
const MOST_AIM = 2;
const MARGIN = 0.15; // above the worst lateness: samples lie up to 0.1 s beside the true minimum
const MEMORY_MS = 120_000;
const FULL_WINDOW = 8; // samples; a hidden tab's timers are too seldom to see a saw-tooth
const UNSURE_MS = 2400; // after a start or a jump the buffer still fills: nothing is late, it is only not there yet
const STALL_STEP = 0.2;
const ONE_STALL_MS = 5000; // what comes within it is the same trouble
const QUIET_MS = 20_000;
/** Seconds too far behind: playing faster would take more than a minute. Nearer than this nothing is left out. */
export const MOST_BEHIND = 15;

export class LatencyController {
  /** @type {{at: number, ahead: number}[]} */ #samples = [];
  #arrivals = new Arrivals();
  #extra = 0;
  #quietSince = -Infinity;
  #stalledAt = -Infinity;
  #resetAt = -Infinity;
  #isReset = true;

  /** Seconds that are to be left ahead at least. */
  get aim() { return Math.min(MOST_AIM, Math.max(LEAST_AIM, this.#arrivals.lateness + MARGIN) + this.#extra); }

  /** Forget what was left ahead (after a seek or a pause). What is known of the line stays. */
  reset() {
    this.#samples = [];
    this.#isReset = true;
  }

  /** The picture stopped for want of data. @param {number} now ms */
  stalled(now) {
    this.#samples = [];
    if (now - this.#stalledAt < ONE_STALL_MS) return;
    this.#extra = Math.min(MOST_AIM, this.#extra + STALL_STEP);
    this.#stalledAt = this.#quietSince = now;
  }

  /**
   * @param {number} now ms, monotonic @param {number} position seconds of media @param {number} ahead seconds buffered ahead of it
   * @returns {{rate: number, seek: boolean}}
   */
  sample(now, position, ahead) {
    if (this.#isReset) { this.#isReset = false; this.#resetAt = now; }
    if (now - this.#resetAt >= UNSURE_MS) this.#arrivals.reached(now, position + ahead);
    this.#samples.push({ at: now, ahead });
    while (this.#samples[0].at < now - WINDOW_MS) this.#samples.shift();
    this.#relax(now);
    if (now - this.#samples[0].at < SETTLE_MS) return { rate: 1, seek: false };
    const error = Math.min(...this.#samples.map((s) => s.ahead)) - this.aim;
    return { rate: rateFor(error), seek: error > MOST_BEHIND };
  }

  /** @param {number} now */
  #relax(now) {
    if (now - this.#quietSince < QUIET_MS) return;
    this.#extra = Math.max(0, this.#extra - 0.1);
    this.#quietSince = now;
  }
}

/** When the buffer's end was where: parts that come late let it fall behind the clock. Played rates do not matter to it. */
class Arrivals {
  /** @type {{from: number, lead: number, count: number}[]} */ #windows = []; // of each the least lead: seconds of media less those of the clock
  #sureFrom = -Infinity;

  /** Seconds by which the latest part of the last two minutes came later than the earliest. */
  get lateness() { return Math.max(0, ...this.#windows.map((w) => this.#best - w.lead)); }

  get #best() { return Math.max(...this.#windows.filter((w) => w.count >= FULL_WINDOW).map((w) => w.lead)); }

  /** @param {number} now ms @param {number} end seconds of media that the buffer reaches to */
  reached(now, end) {
    this.#windows = this.#windows.filter((w) => w.from >= now - MEMORY_MS);
    const lead = end - now / 1000;
    if (this.#best - lead > MOST_AIM) this.#forgetCut(now);
    if (now < this.#sureFrom) return;
    const last = this.#windows.at(-1);
    if (last && now - last.from < WINDOW_MS) Object.assign(last, { lead: Math.min(last.lead, lead), count: last.count + 1 });
    else this.#windows.push({ from: now, lead, count: 1 });
  }

  /** What no aim could cover is a line that was cut, not jitter: nor is what led to it, or the filling up after it. @param {number} now ms */
  #forgetCut(now) {
    this.#sureFrom = now + UNSURE_MS;
    this.#windows = this.#windows.filter((w) => w.from < now - 1000 * MOST_AIM - 2 * WINDOW_MS);
  }
}

/**
 * @param {number} error seconds more than wanted
 * @returns {number} 0.95–1.1 near the edge, where a voice stays a voice; up to 1.25 while seconds are to be caught up
 */
export function rateFor(error) {
  if (error > 0.05) return 1 + Math.max(0.02, Math.min(0.1, 0.4 * error), Math.min(0.25, 0.1 * error));
  return error < -0.1 ? 0.95 : 1;
}
