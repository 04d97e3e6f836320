// How far the transcript of a recording is, under the player; whoever may, has it made again. Loaded once the picture moves.
import { ApiError, call } from "./api.js";
import { need } from "./page_data.js";

const LOOK_MS = 10000;

/** @typedef {{state: string, words: string | null, reason: string | null, has_transcript: boolean, may_repeat: boolean}} Work */

export class TranscriptionNotice {
  /** @param {string} api the recording's address in the API @param {() => void} onTranscript there is something to read */
  constructor(api, onTranscript) {
    this.address = `${api}/transcription`;
    this.onTranscript = onTranscript;
    this.again = /** @type {HTMLButtonElement} */ (need("#transcribe-again"));
    this.again.addEventListener("click", () => void this.ask("POST"));
    void this.ask("GET");
  }

  /** @param {"GET" | "POST"} method */
  async ask(method) {
    this.again.disabled = true;
    try {
      this.draw(await call(method, this.address, method === "POST" ? {} : undefined));
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status >= 400 && error.status < 500)) return;
      setTimeout(() => void this.ask("GET"), LOOK_MS);
    } finally {
      this.again.disabled = false;
    }
  }

  /** @param {Work} work */
  draw({ state, words, reason, has_transcript: hasTranscript, may_repeat: mayRepeat }) {
    if (hasTranscript) this.onTranscript();
    const failed = state === "failed" || state === "cancelled";
    need("#transcription").hidden = !words;
    need("#transcription").dataset.state = state;
    need("#transcription-words").textContent = words && reason && state === "failed" ? `${words} ${reason}` : words ?? ""; // what a wait is for, its words say
    this.again.hidden = !(mayRepeat && failed);
    if (["waiting", "running"].includes(state)) setTimeout(() => void this.ask("GET"), LOOK_MS);
  }
}
