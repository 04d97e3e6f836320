// The studio's safety copy: while it sends, what it sends is kept in this browser, too, as a chain of pieces of about a minute.
// A piece begins before the one before it ends, so that nothing is missing between them. Owned by the studio page; runs from
// start() to stop(). It never disturbs the sending: where it cannot go on, it says so and is quiet.
import { serverNow } from "./api.js";
import { copyType } from "./copy_choice.js";
import { CopyPace } from "./copy_pace.js";
import { CopyPiece } from "./copy_piece.js";
import { measureOffset, steadyNow } from "./server_offset.js";

const PIECE_MS = 60_000;
const LEAST_MS = 2000;
const MEASURE_MS = 300_000; // two clocks drift apart by some milliseconds meanwhile

/** @typedef {"off" | "idle" | "keeping" | "no_space" | "slow" | "impossible"} CopyState */
/** @typedef {{session: string, stream: MediaStream, bitrate: number}} Wish */

/** Event: `state` (detail: CopyState). */
export class SafetyCopy extends EventTarget {
  /** @type {CopyState} */ state = "idle";
  /** @type {CopyPiece[]} */ #pieces = [];
  /** @type {Wish | null} */ #wish = null;
  /** The session that is kept, or whose pieces are not closed yet. */ session = "";
  #tracks = "";
  #offset = serverNow() - steadyNow(); // good to two seconds, until it is measured
  #measuredAt = -Infinity;
  #pace = new CopyPace();
  #mime = copyType((type) => globalThis.MediaRecorder?.isTypeSupported(type) ?? false);

  /**
   * @param {import("./copy_store.js").CopyStore | null} store null: this browser has none
   * @param {{room: string, wanted: boolean, serverTime: (session: string) => Promise<number>}} means `serverTime`: unix seconds
   */
  constructor(store, { room, wanted, serverTime }) {
    super();
    this.store = store;
    this.room = room;
    this.serverTime = serverTime;
    this.wanted = wanted;
    this.#become(this.#resting());
  }

  /** The session that is sent to, and what; again whenever that changes. @param {Wish} wish */
  keep(wish) {
    const other = this.#wish?.session !== wish.session;
    this.#wish = wish;
    this.session = wish.session;
    if (other) {
      void this.#endPieces();
      this.#pace = new CopyPace(); // what was missed before the lecture is no reason
    }
    this.#follow();
  }

  /** The lecturer's wish. @param {boolean} wanted */
  want(wanted) {
    this.wanted = wanted;
    if (wanted) { this.#become(this.#resting()); this.#follow(); return; }
    void this.#endPieces();
    this.#become("off");
  }

  /** The composer tells how it gets on. @param {number} missed pictures so far @param {number} now ms */
  watch(missed, now) {
    const carries = this.#pace.look(missed, now);
    if (!carries && this.state === "keeping") {
      void this.#endPieces();
      this.#become("slow");
    }
    if (carries && this.state === "slow") { this.#become("idle"); this.#follow(); }
  }

  /** Nothing is sent any more. Returns when all is written. */
  async stop() {
    this.#wish = null;
    await this.#endPieces();
    if (this.#wish) return; // it goes on meanwhile
    this.session = "";
    this.#become(this.#resting());
  }

  /** Other tracks, another size, or none yet: another piece. */
  #follow() {
    if (!this.#wish || !["idle", "keeping"].includes(this.state)) return;
    const tracks = this.#wish.stream.getTracks().map((track) => track.id).join(" ") + this.#wish.bitrate;
    if (this.#pieces.length && tracks === this.#tracks) return;
    this.#tracks = tracks;
    this.#begin();
  }

  #begin() {
    const { session, stream, bitrate } = /** @type {Wish} */ (this.#wish);
    const store = /** @type {import("./copy_store.js").CopyStore} */ (this.store);
    const piece = new CopyPiece(store, stream.getTracks(), { mime: /** @type {string} */ (this.#mime), bitrate });
    piece.addEventListener("slice", () => this.#grown(piece));
    piece.addEventListener("refused", (e) => this.#refused(/** @type {CustomEvent} */ (e).detail));
    this.#pieces.push(piece);
    store.keeping(session, piece.over);
    piece.begin({ session, room: this.room }, this.#offset);
    void piece.over.then(() => this.#over(piece));
    void this.#measure(session);
    this.#become("keeping");
  }

  /** @param {CopyPiece} piece */
  #grown(piece) {
    if (piece !== this.#pieces.at(-1) || !this.#wish) return;
    for (const older of this.#pieces.slice(0, -1)) void older.stop();
    if (piece.ageMs >= PIECE_MS && this.state === "keeping") this.#begin();
  }

  /** @param {CopyPiece} piece */
  #over(piece) {
    this.#pieces = this.#pieces.filter((one) => one !== piece);
    if (this.#pieces.length || !this.#wish || this.state !== "keeping") return;
    if (piece.ageMs < LEAST_MS) this.#become("impossible"); // by itself, and so would the next one
    else this.#follow();
  }

  /** @param {Error} error */
  #refused(error) {
    if (!this.#wish || this.state !== "keeping") return;
    console.info("the safety copy:", String(error));
    void this.#endPieces();
    this.#become(error.name === "NoSpace" ? "no_space" : "impossible");
  }

  /** Better the clock as it was than none: the line may be cut just now. @param {string} session */
  async #measure(session) {
    if (performance.now() - this.#measuredAt < MEASURE_MS) return;
    try {
      this.#offset = await measureOffset(() => this.serverTime(session));
      this.#measuredAt = performance.now();
      for (const piece of this.#pieces) piece.place(this.#offset);
    } catch (error) {
      console.info("the server's time:", String(error));
    }
  }

  #endPieces() {
    this.#tracks = "";
    return Promise.all(this.#pieces.map((piece) => piece.stop()));
  }

  /** @returns {CopyState} */
  #resting() {
    if (!this.store || !this.#mime) return "impossible";
    return this.wanted ? "idle" : "off";
  }

  /** @param {CopyState} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
