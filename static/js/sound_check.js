// Records the microphone for four seconds and plays it back, with a verdict in words. Before the lecture only: played into the hall it would be heard.
import { loudness } from "./level_meter.js";
import { need, t } from "./page_data.js";

const RECORD_MS = 4000;

/** @param {Float32Array} samples of the recording @returns {"nothing" | "quiet" | "good" | "loud"} */
export function soundVerdict(samples) {
  let clipped = 0;
  for (const sample of samples) if (Math.abs(sample) > 0.99) clipped += 1;
  if (clipped > samples.length / 2000) return "loud";
  // People pause: the loudest half second counts.
  const window = Math.max(1, Math.floor(samples.length / 8));
  let loudest = 0;
  for (let at = 0; at + window <= samples.length; at += window) loudest = Math.max(loudest, loudness(samples.subarray(at, at + window)));
  if (loudest < 0.1) return "nothing";
  return loudest < 0.35 ? "quiet" : "good";
}

export class SoundCheck {
  #button = need("#sound-check");
  #words = need("#sound-check-words");
  #running = new AbortController();

  /** @param {() => MediaStreamTrack | null} microphone */
  constructor(microphone) {
    this.microphone = microphone;
    this.#running.abort();
    this.#button.addEventListener("click", () => void this.#toggle());
  }

  /** @param {boolean} allowed */
  allow(allowed) {
    need("#sound-check-box").hidden = !allowed;
    if (!allowed) this.#running.abort();
  }

  async #toggle() {
    if (!this.#running.signal.aborted) { this.#running.abort(); return; }
    this.#running = new AbortController();
    const { signal } = this.#running;
    try {
      await this.#check(signal);
    } catch (error) {
      if (!signal.aborted) { console.warn("sound check:", error); this.#show("failed", t("sound_check_failed")); }
    }
    if (signal.aborted) this.#show("idle", t("sound_check_idle"));
    this.#running.abort();
    need("#sound-check-label").textContent = t("sound_check");
  }

  /** @param {AbortSignal} signal */
  async #check(signal) {
    const track = this.microphone();
    if (!track) throw new Error("no microphone");
    need("#sound-check-label").textContent = t("sound_check_stop");
    this.#show("recording", t("sound_check_recording"));
    const recording = await recorded(track, signal);
    this.#show("playing", t("sound_check_playing"));
    const verdict = soundVerdict(await samplesOf(recording));
    await played(recording, signal);
    this.#show("done", t(`sound_check_${verdict}`), verdict);
  }

  /** @param {string} state @param {string} words @param {string} [verdict] */
  #show(state, words, verdict = "") {
    Object.assign(this.#button.dataset, { state, verdict });
    this.#words.textContent = words;
  }
}

/** @param {MediaStreamTrack} track @param {AbortSignal} signal @returns {Promise<Blob>} */
function recorded(track, signal) {
  return new Promise((resolve, reject) => {
    // A copy: the check hears the microphone also while it is muted for the audience.
    const copy = track.clone();
    copy.enabled = true;
    /** @type {Blob[]} */ const parts = [];
    const recorder = new MediaRecorder(new MediaStream([copy]));
    const stop = () => { if (recorder.state !== "inactive") recorder.stop(); };
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("error", () => reject(new Error("not recorded")));
    recorder.addEventListener("stop", () => {
      copy.stop();
      if (signal.aborted) reject(new Error("stopped"));
      else resolve(new Blob(parts, { type: recorder.mimeType }));
    });
    signal.addEventListener("abort", stop, { once: true });
    recorder.start();
    setTimeout(stop, RECORD_MS);
  });
}

/** @param {Blob} recording @returns {Promise<Float32Array>} */
async function samplesOf(recording) {
  const context = new OfflineAudioContext(1, 1, 48_000);
  return (await context.decodeAudioData(await recording.arrayBuffer())).getChannelData(0);
}

/** @param {Blob} recording @param {AbortSignal} signal */
async function played(recording, signal) {
  const address = URL.createObjectURL(recording);
  const audio = new Audio(address);
  try {
    const over = new Promise((resolve, reject) => {
      audio.addEventListener("ended", resolve);
      audio.addEventListener("error", () => reject(new Error("not played")));
      signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
    });
    await audio.play();
    await over;
  } finally {
    audio.pause();
    URL.revokeObjectURL(address);
  }
}
