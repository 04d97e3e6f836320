// How long a page has played one lecture, and how long it had to wait for media. Pure: no player, no clock of its own.

const LONGEST_STEP = 90; // seconds between two looks; a hidden page may look once a minute, one that slept has played nothing

export class PlayFigures {
  #seconds = 0;
  #stalled = 0;
  #stalls = 0;
  #last = NaN;
  #wasPlaying = false;

  /**
   * To be called about once a second.
   * @param {"playing" | "waiting" | "resting"} state `waiting`: it would play, if it had media; `resting`: nobody wants it to
   * @param {number} now seconds of any steady clock
   */
  look(state, now) {
    const step = Math.min(LONGEST_STEP, Math.max(0, now - this.#last)) || 0;
    this.#last = now;
    if (state === "playing") this.#seconds += step;
    if (state === "waiting" && this.#seconds > 0) this.#stalled += step; // before the first picture it was loading
    if (state === "waiting" && this.#wasPlaying) this.#stalls += 1;
    this.#wasPlaying = state === "playing";
  }

  /** Whole seconds, as the server is told. */
  get told() {
    return { seconds: Math.round(this.#seconds), stalled: Math.round(this.#stalled), stalls: this.#stalls };
  }
}

/** @param {{paused: boolean, ended: boolean, seeking: boolean, readyState: number}} video @returns {"playing" | "waiting" | "resting"} */
export function stateOfVideo({ paused, ended, seeking, readyState }) {
  if (paused || ended || seeking) return "resting";
  return readyState >= 3 ? "playing" : "waiting"; // HAVE_FUTURE_DATA
}
