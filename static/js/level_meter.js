// How loud the microphone is, drawn into a <meter>. Owned by the studio page; ends with close().

const FLOOR_DB = -60;

/** @param {Float32Array} samples -1 to 1 @returns {number} 0 (silence, -60 dB and less) to 1 (full scale), in decibels */
export function loudness(samples) {
  let squares = 0;
  for (const sample of samples) squares += sample * sample;
  const level = 10 * Math.log10(squares / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 - level / FLOOR_DB));
}

export class LevelMeter {
  #context = new AudioContext();
  #analyser = this.#context.createAnalyser();
  #samples = new Float32Array(1024);
  /** @type {MediaStreamAudioSourceNode | null} */ #input = null;
  /** @type {MediaStreamTrack | null} */ #track = null;
  #timer = 0;
  #heardAt = performance.now();

  /** @param {HTMLMeterElement} element @param {(silentMs: number) => void} [onTick] */
  constructor(element, onTick = () => {}) {
    this.#analyser.fftSize = this.#samples.length;
    this.#timer = window.setInterval(() => {
      this.#analyser.getFloatTimeDomainData(this.#samples);
      const level = this.#input ? loudness(this.#samples) : 0;
      // A microphone that is muted on purpose, or not measured yet, is not called silent.
      if (level > 0.05 || !this.#track?.enabled || !this.running) this.#heardAt = performance.now();
      element.value = Math.max(level, element.value - 0.06); // quick up, slow down: easier to read
      onTick(performance.now() - this.#heardAt);
    }, 66);
    // Browsers start sound only after a click or key; the meter then comes alive with the first one.
    for (const act of ["click", "keydown"]) document.addEventListener(act, () => void this.#context.resume());
  }

  /** Whether the browser lets it measure yet. */
  get running() { return this.#context.state === "running"; }

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (track === this.#track) return;
    this.#input?.disconnect();
    this.#track = track;
    this.#input = track ? this.#sourceOf(track) : null;
    this.#input?.connect(this.#analyser);
    this.#heardAt = performance.now();
  }

  /** @param {MediaStreamTrack} track */
  #sourceOf(track) {
    try {
      return this.#context.createMediaStreamSource(new MediaStream([track]));
    } catch (error) {
      console.info("the level is not shown:", error); // Firefox: a microphone of another sample rate than the speakers
      this.#track = null;
      return null;
    }
  }

  close() {
    clearInterval(this.#timer);
    void this.#context.close();
  }
}
