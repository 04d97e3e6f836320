// The page's end of the worker that keeps safety copies. Owned by the studio page; ends with it.
import { lockName } from "./copy_choice.js";

/** @typedef {import("./copy_choice.js").Piece} Piece */

/** What the worker could not do; `name` as CopyFolder or the browser calls it. */
class CopyError extends Error {
  /** @param {{name: string, message: string}} told */
  constructor({ name, message }) { super(message); this.name = name; }
}

export class CopyStore {
  #worker = new Worker(new URL("copy_worker.js", import.meta.url), { type: "module", name: "kodo-copy" });
  #sent = 0;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */ #open = new Map();

  static get possible() {
    return Boolean(globalThis.MediaRecorder && globalThis.isSecureContext && navigator.storage?.getDirectory && navigator.locks);
  }

  constructor() {
    this.#worker.addEventListener("message", ({ data }) => this.#answered(data));
    this.#worker.addEventListener("error", (event) => this.#failed(event.message));
  }

  /** @param {Omit<Piece, "bytes" | "upload">} facts */
  open(facts) { return this.#ask("open", facts); }

  /** @param {string} id @param {Blob} blob @param {number} seconds */
  write(id, blob, seconds) { return this.#ask("write", id, blob, seconds); }

  /** @param {string} id @param {Partial<Piece>} more */
  note(id, more) { return this.#ask("note", id, more); }

  /** @param {string} id */
  close(id) { return this.#ask("close", id); }

  /** @returns {Promise<Piece[]>} */
  list() { return this.#ask("list"); }

  /** @param {Piece} piece @returns {Promise<File>} */
  file(piece) { return this.#ask("file", piece); }

  /** @param {string} session */
  remove(session) { return this.#ask("remove", session); }

  /**
   * While `work` runs no other tab touches the session's copy. @template T @param {string} session
   * @param {() => Promise<T>} work @returns {Promise<T | null>} null: another tab has it
   */
  alone(session, work) {
    return navigator.locks.request(lockName(session), { ifAvailable: true }, async (lock) => (lock ? work() : null));
  }

  /** The session's copy is being kept until the promise is settled. @param {string} session @param {Promise<unknown>} until */
  keeping(session, until) {
    void navigator.locks.request(lockName(session), { mode: "shared" }, () => until);
  }

  /** @param {string} method @param {unknown[]} args @returns {Promise<any>} */
  #ask(method, ...args) {
    return new Promise((resolve, reject) => {
      this.#open.set(++this.#sent, { resolve, reject });
      this.#worker.postMessage({ number: this.#sent, method, args });
    });
  }

  /** @param {{number: number, value?: any, error?: {name: string, message: string}}} answer */
  #answered({ number, value, error }) {
    const waiting = this.#open.get(number);
    this.#open.delete(number);
    if (error) waiting?.reject(new CopyError(error));
    else waiting?.resolve(value);
  }

  /** @param {string} message */
  #failed(message) {
    for (const { reject } of this.#open.values()) reject(new CopyError({ name: "WorkerFailed", message }));
    this.#open.clear();
  }
}
