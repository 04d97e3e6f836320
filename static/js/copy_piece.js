// One piece of the safety copy: one recorder on its way to one file. Owned by safety_copy.js; ends with stop(), or by itself
// when its tracks have ended or nothing can be written.
import { steadyNow } from "./server_offset.js";

const SLICE_MS = 1000; // a tab that is killed loses so much at most
const SOUND_BITRATE = 96_000;
const MOST_WAITING = 20; // slices: a disk that is so late is as good as none

/** @typedef {import("./copy_store.js").CopyStore} CopyStore */

/** Events: `slice` (more of it is there), `refused` (detail: the error). */
export class CopyPiece extends EventTarget {
  id = crypto.randomUUID();
  #began = NaN;
  #waiting = 0;
  /** @type {Promise<unknown>} */ #written = Promise.resolve();
  /** @type {(value?: unknown) => void} */ #isOver = () => {};
  /** It grows no more, and its file is closed. */ over = new Promise((resolve) => { this.#isOver = resolve; });

  /** @param {CopyStore} store @param {MediaStreamTrack[]} tracks @param {{mime: string, bitrate: number}} how */
  constructor(store, tracks, { mime, bitrate }) {
    super();
    this.store = store;
    const options = { mimeType: mime, videoBitsPerSecond: bitrate, audioBitsPerSecond: SOUND_BITRATE };
    this.recorder = new MediaRecorder(new MediaStream(tracks), options);
    this.recorder.addEventListener("start", () => { this.#began = steadyNow(); });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.#slice(data));
    this.recorder.addEventListener("error", () => this.stop()); // its tracks have changed: another piece follows
    this.recorder.addEventListener("stop", () => void this.#close());
  }

  get ageMs() { return steadyNow() - this.#began; }

  /** @param {{session: string, room: string}} of @param {number} offset ms that the server's clock is ahead of steadyNow() */
  begin(of, offset) {
    this.#began = steadyNow();
    this.recorder.start(SLICE_MS);
    const facts = { id: this.id, ...of, mime: this.recorder.mimeType, began_at: (this.#began + offset) / 1000, seconds: 0 };
    this.#then(() => this.store.open(facts));
  }

  /** The offset is known better now. @param {number} offset ms */
  place(offset) { this.#then(() => this.store.note(this.id, { began_at: (this.#began + offset) / 1000 })); }

  stop() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    return this.over;
  }

  /** @param {Blob} data */
  #slice(data) {
    if (!data.size) return;
    const seconds = this.ageMs / 1000;
    if (this.#waiting >= MOST_WAITING) { this.#refuse(new Error("the disk is too slow for a safety copy")); return; }
    this.#waiting += 1;
    this.#then(() => this.store.write(this.id, data, seconds).finally(() => { this.#waiting -= 1; }));
    this.dispatchEvent(new Event("slice"));
  }

  async #close() {
    await this.#written;
    await this.store.close(this.id).catch((error) => console.info("a piece of the safety copy:", String(error)));
    this.#isOver();
  }

  /** One after the other, and nothing more once one has failed. @param {() => Promise<unknown>} step */
  #then(step) {
    this.#written = this.#written.then((failed) => failed || step().then(() => false, (error) => this.#refuse(error)));
  }

  /** @param {Error} error @returns {boolean} true: it has failed */
  #refuse(error) {
    void this.stop();
    this.dispatchEvent(new CustomEvent("refused", { detail: error }));
    return true;
  }
}
