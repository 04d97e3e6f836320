// Completes recordings with this browser's safety copy: asks which gaps a recording has, uploads the pieces that fill them,
// has the server put them in, and removes the copy. One session at a time; after a reload it goes on by itself.
// Owned by the studio page; look() may be called as often as something may have changed.
import { ApiError } from "./api.js";
import { backoffMs, pause } from "./backoff.js";
import { coveredGaps, fillable, piecesFor } from "./copy_choice.js";
import { TusUpload } from "./tus_upload.js";

const POLL_MS = 1000;
const MOST_POLLS = 30;
const LEFT_SECONDS = 3; // whole segments are replaced: at its ends a copy may have more than could be used
const LEAST_SECONDS = 0.5;
const REMEMBERED = "kodo-completing"; // the session whose completion was asked for here
/** What another try can mend: no answer, and a server that starts or is full for a while. */
const PASSES = [0, 408, 429, 502, 503, 504];

/** @typedef {import("./copy_choice.js").Piece} Piece @typedef {import("./copy_choice.js").Gap} Gap */
/**
 * As the API tells it (`GET …/gaps`); times are unix seconds, a gap's are seconds of the session's clock.
 * @typedef {{ended: boolean, started_at: number, server_time: number, gaps: Gap[], edit_version: number,
 *   healing: {state: "waiting" | "running" | "done" | "failed" | "cancelled" | null, progress: number | null}}} Gaps
 */
/**
 * @typedef {object} Means
 * @property {(session: string) => Promise<Gaps>} gaps
 * @property {(session: string, copies: string[]) => Promise<unknown>} complete
 * @property {(session: string) => Promise<unknown>} cancel what `complete` ordered
 * @property {(session: string, file: File, piece: Piece) => TusUpload} upload
 * @property {(ms: number) => Promise<unknown>} wait
 * @property {Pick<Storage, "getItem" | "setItem" | "removeItem">} memory
 */
/** @typedef {"none" | "found" | "uploading" | "waiting" | "paused" | "healing" | "complete" | "short" | "partly" | "elsewhere" | "failed"} CompletionState */

/** The lecturer has stopped it: nothing has failed. */
class Stopped extends Error {}

/** Event: `change`. What to show is in the fields. */
export class Completion extends EventTarget {
  /** @type {CompletionState} */ state = "none";
  /** The session that it is about. */ session = "";
  /** Of the gaps that the copy reaches into. */ found = { count: 0, seconds: 0 };
  /** 0 to 1, of the upload or of the server's work. */ progress = 0;
  /** Bytes that are uploaded in all. */ bytes = 0;
  /** Why it failed, in the server's words. */ reason = "";
  /** Seconds that the recording still misses. */ left = 0;
  /** @type {Set<string>} */ #ended = new Set();
  #looking = false;
  #lookAgain = false;
  #completing = false;
  /** @type {TusUpload | null} */ #upload = null;
  /** @type {((error: Error) => void) | null} */ #giveUp = null;

  /**
   * @param {import("./copy_store.js").CopyStore} store @param {string} room
   * @param {{kept: () => string, means: Means}} options `kept`: the session that is being kept right now, "" for none
   */
  constructor(store, room, { kept, means }) {
    super();
    this.store = store;
    this.room = room;
    this.kept = kept;
    this.means = means;
  }

  get busy() { return this.#completing; }

  /**
   * Look for recordings of this room that the copies can complete. Goes on asking until the server has answered.
   * @param {string} [ended] a session that has just ended: the server, too, will soon say so
   */
  async look(ended) {
    if (ended) this.#ended.add(ended);
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#lookAgain && !this.busy) {
        this.#lookAgain = false;
        await this.#lookOnce();
      }
    } catch (error) {
      console.info("the safety copies:", String(error)); // the browser's storage: the next look may find it
    } finally {
      this.#looking = false;
    }
  }

  /** Upload what fills the gaps, and have it put in. */
  async complete() {
    if (this.busy || !this.session) return;
    const { session } = this;
    this.#completing = true;
    this.means.memory.setItem(REMEMBERED, session);
    try {
      if ((await this.store.alone(session, () => this.#complete(session))) === null) this.#turn("elsewhere");
    } catch (error) {
      this.means.memory.removeItem(REMEMBERED);
      if (error instanceof Stopped) this.#turn("found");
      else this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#completing = false;
    }
    if (this.#lookAgain) void this.look();
  }

  /** The upload only: what the server does goes on. */
  pause() { this.#upload?.pause(); }
  resume() { this.#upload?.start(); }

  /** Stop the upload or the server's work. The copy stays, and what was uploaded of it. Throws ApiError. */
  async cancel() {
    this.pause();
    this.#giveUp?.(new Stopped());
    if (this.state === "healing") await this.means.cancel(this.session);
  }

  async #lookOnce() {
    const pieces = (await this.store.list()).filter((piece) => piece.room === this.room);
    const newest = new Map();
    for (const piece of pieces) newest.set(piece.session, Math.max(piece.began_at, newest.get(piece.session) ?? 0));
    for (const session of [...newest.keys()].sort((a, b) => newest.get(b) - newest.get(a))) {
      if (session !== this.kept() && (await this.#offer(session, pieces.filter((piece) => piece.session === session)))) return;
    }
    if (["found", "partly", "elsewhere"].includes(this.state)) this.#turn("none");
  }

  /** @param {string} session @param {Piece[]} pieces @returns {Promise<boolean>} whether there is something to complete */
  async #offer(session, pieces) {
    const told = await this.#gapsAtTheEnd(session);
    if (!told?.ended) return false;
    const running = ["waiting", "running"].includes(told.healing.state ?? "");
    if (!running && !piecesFor(told.gaps, pieces, told.started_at).length) {
      await this.store.alone(session, () => this.store.remove(session));
      return false;
    }
    const said = ["failed", "partly"].includes(this.state) && this.session === session;
    this.session = session;
    this.found = coveredGaps(told.gaps, pieces, told.started_at);
    if (running || this.means.memory.getItem(REMEMBERED) === session) void this.complete();
    else if (told.healing.state === "failed") this.#fail("");
    else if (!said) this.#turn("found");
    return true;
  }

  /** @param {string} session @returns {Promise<Gaps | null>} */
  async #gapsAtTheEnd(session) {
    let told = await this.#gaps(session);
    for (let tries = 0; told && !told.ended && this.#ended.has(session) && tries < MOST_POLLS; tries += 1) {
      await this.means.wait(POLL_MS);
      told = await this.#gaps(session);
    }
    return told;
  }

  /** @param {string} session @returns {Promise<Gaps | null>} null: the recording is not here */
  async #gaps(session) {
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.means.gaps(session);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!PASSES.includes(error.status)) return null;
        await this.means.wait(backoffMs(failures, { first: 1, most: 15 }));
      }
    }
  }

  /** @param {string} session @returns {Promise<true>} */
  async #complete(session) {
    const pieces = (await this.store.list()).filter((piece) => piece.session === session);
    const told = await this.#gaps(session);
    if (!pieces.length) { this.#turn("none"); return true; } // another tab has done it
    if (told && !["waiting", "running"].includes(told.healing.state ?? "")) {
      this.progress = 0;
      this.#turn("uploading");
      await this.means.complete(session, await this.#uploadAll(session, piecesFor(told.gaps, pieces, told.started_at)));
    }
    const after = await this.#follow(session);
    this.means.memory.removeItem(REMEMBERED);
    this.left = after.gaps.reduce((sum, { start, end }) => sum + (end ?? start) - start, 0);
    if (fillable(after.gaps, pieces, after.started_at) > LEFT_SECONDS) { this.#turn("partly"); return true; }
    await this.store.remove(session);
    this.#turn(this.left < LEAST_SECONDS ? "complete" : "short");
    return true;
  }

  /** @param {string} session @param {Piece[]} pieces @returns {Promise<string[]>} the copies' ids on the server */
  async #uploadAll(session, pieces) {
    this.bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    const copies = [];
    let before = 0;
    for (const piece of pieces) {
      copies.push(await this.#uploadOne(session, piece, before));
      before += piece.bytes;
    }
    return copies;
  }

  /** @param {string} session @param {Piece} piece @param {number} before bytes of the pieces before it @returns {Promise<string>} */
  async #uploadOne(session, piece, before) {
    const upload = this.means.upload(session, await this.store.file(piece), piece);
    upload.url = piece.upload; // of an earlier try: the server knows whether it still has it
    this.#upload = upload;
    const ended = new Promise((resolve, reject) => {
      this.#giveUp = reject;
      upload.addEventListener("done", resolve);
      upload.addEventListener("failed", (e) => reject(/** @type {CustomEvent} */ (e).detail));
    });
    upload.addEventListener("change", () => {
      this.progress = (before + upload.offset) / this.bytes;
      const { state } = upload;
      this.#turn(state === "waiting" || state === "paused" ? state : "uploading");
    });
    upload.start();
    try {
      await ended;
    } finally {
      this.#upload = this.#giveUp = null;
    }
    await this.store.note(piece.id, { upload: upload.url });
    return copyOf(/** @type {string} */ (upload.url));
  }

  /** The server's work until it is done. Throws when it fails. @param {string} session @returns {Promise<Gaps>} what is left */
  async #follow(session) {
    for (;;) {
      const told = await this.#gaps(session);
      if (!told) throw new Error("");
      const { state, progress } = told.healing;
      if (state === "done") return told;
      if (state === "cancelled") throw new Stopped();
      if (state !== "waiting" && state !== "running") throw new Error("");
      this.progress = progress ?? 0;
      this.#turn("healing");
      await this.means.wait(POLL_MS);
    }
  }

  /** @param {string} reason */
  #fail(reason) { this.reason = reason; this.#turn("failed"); }

  /** @param {CompletionState} state */
  #turn(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string} url `…/copies/<copy>/upload` */
const copyOf = (url) => url.split("/").at(-2) ?? "";
