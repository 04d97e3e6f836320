// One file on its way to the server by tus 1.0: in pieces, pausable, going on by itself after a cut line or a reload.
// Owned by the panel of films, or by who completes a recording; runs from start() to `done` or `failed`, or cancel().
// The server's offset is the truth.
import { ApiError, csrfToken, ownAddress, problemOf } from "./api.js";
import { backoffMs, pause } from "./backoff.js";

const PIECE_BYTES = 8 << 20; // an edge in front may limit a body
const TUS = { "Tus-Resumable": "1.0.0" };
/** What another try can mend: no answer, a limit that passes, a server that starts. */
const PASSES = [0, 408, 429, 502, 503, 504];
/** Once it is under way, too: the offset, another request that still writes, a spoiled piece. */
const PASSES_UNDER_WAY = [...PASSES, 409, 423, 460];

/**
 * How requests are made; tests have their own.
 * @typedef {object} Means
 * @property {(path: string, file: File, metadata: Record<string, string>) => Promise<string>} create the upload's address
 * @property {(url: string) => Promise<number>} head its offset
 * @property {(url: string, offset: number, piece: Blob, told: (sent: number) => void, signal: AbortSignal) => Promise<number>} patch
 * @property {(url: string) => Promise<void>} remove
 * @property {(ms: number, signal: AbortSignal) => Promise<void>} wait
 * @property {Storage} memory
 */

/** Events: `change` (state, offset), `done`, `failed` (detail: ApiError). */
export class TusUpload extends EventTarget {
  /** @type {"sending" | "waiting" | "paused" | "done" | "failed" | "cancelled"} */ state = "paused";
  offset = 0;
  /** The upload's address; one that is known from before may be set. @type {string | null} */ url = null;
  #stop = new AbortController();

  /**
   * @param {string} path where such files are made @param {File} file
   * @param {{metadata?: Record<string, string>, means?: Partial<Means>}} [options] `metadata`: what the server is told of the file
   */
  constructor(path, file, { metadata = { filename: file.name }, means = {} } = {}) {
    super();
    this.path = path;
    this.file = file;
    this.metadata = metadata;
    /** @type {Means} */
    this.means = { create, head, patch, remove, wait: pause, memory: globalThis.localStorage, ...means };
    this.key = `kodo-upload ${path} ${file.name} ${file.size} ${file.lastModified}`;
  }

  start() {
    if (this.state !== "paused") return;
    this.#stop = new AbortController();
    void this.#run(this.#stop.signal);
  }

  pause() {
    if (!["sending", "waiting"].includes(this.state)) return;
    this.#stop.abort();
    this.#turn("paused");
  }

  async cancel() {
    this.#stop.abort();
    this.#turn("cancelled");
    this.means.memory.removeItem(this.key);
    if (this.url) await this.means.remove(this.url).catch(() => {}); // else it expires
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    this.#turn("sending");
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#begin();
        while (this.offset < this.file.size && !signal.aborted) {
          await this.#piece(signal);
          failures = 0;
        }
        if (!signal.aborted) this.#finish();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof ApiError ? error : new ApiError(0, "", String(error));
        if (!(this.url ? PASSES_UNDER_WAY : PASSES).includes(problem.status)) { this.#fail(problem); return; }
        failures += 1;
        this.#turn("waiting");
        await this.means.wait(backoffMs(failures, { first: 1, most: 15 }), signal);
        if (!signal.aborted) this.#turn("sending");
      }
    }
  }

  /** A new upload, or the one that this file has begun. */
  async #begin() {
    this.url ??= this.means.memory.getItem(this.key);
    if (this.url) {
      try {
        this.offset = await this.means.head(this.url);
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
      }
    }
    this.url = await this.means.create(this.path, this.file, this.metadata);
    this.offset = 0;
    this.means.memory.setItem(this.key, this.url);
  }

  /** @param {AbortSignal} signal */
  async #piece(signal) {
    const from = this.offset;
    const piece = this.file.slice(from, from + PIECE_BYTES);
    const told = (/** @type {number} */ sent) => { this.offset = from + sent; this.#tell("change"); };
    try {
      this.offset = await this.means.patch(/** @type {string} */ (this.url), from, piece, told, signal);
    } catch (error) {
      this.offset = from; // what of the piece has come, the server says
      throw error;
    }
    this.#tell("change");
  }

  #finish() {
    this.means.memory.removeItem(this.key);
    this.#turn("done");
    this.#tell("done");
  }

  /** @param {ApiError} problem */
  #fail(problem) {
    this.means.memory.removeItem(this.key);
    this.#turn("failed");
    this.#tell("failed", problem);
  }

  /** @param {TusUpload["state"]} state */
  #turn(state) { this.state = state; this.#tell("change"); }

  /** @param {string} name @param {unknown} [detail] */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

/** @param {string} text */
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const headers = () => ({ ...TUS, "X-CSRFToken": csrfToken() });

/** @param {string} path @param {File} file @param {Record<string, string>} metadata */
async function create(path, file, metadata) {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${base64(value)}`);
  const told = { "Upload-Length": String(file.size), "Upload-Metadata": pairs.join(",") };
  const answer = await fetch(path, { method: "POST", headers: { ...headers(), ...told } });
  if (!answer.ok) throw await problemOf(answer);
  return ownAddress(answer.headers.get("Location") ?? "");
}

/** @param {string} url */
async function head(url) {
  const answer = await fetch(url, { method: "HEAD", headers: TUS, cache: "no-store" });
  if (!answer.ok) throw await problemOf(answer);
  return Number(answer.headers.get("Upload-Offset"));
}

/** @param {string} url */
async function remove(url) {
  await fetch(url, { method: "DELETE", headers: headers() });
}

/**
 * By XMLHttpRequest: fetch tells no progress of what it sends.
 * @param {string} url @param {number} offset @param {Blob} piece @param {(sent: number) => void} told @param {AbortSignal} signal
 * @returns {Promise<number>} where the upload stands
 */
function patch(url, offset, piece, told, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", url);
    const named = { ...headers(), "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(named)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => told(event.loaded);
    request.onload = () => {
      if (request.status === 204) resolve(Number(request.getResponseHeader("Upload-Offset")));
      else reject(new ApiError(request.status, "", detailOf(request.responseText)));
    };
    request.onerror = () => reject(new ApiError(0, "", "no answer"));
    request.onabort = () => reject(new ApiError(0, "", "stopped"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(piece);
  });
}

/** @param {string} text of an RFC 9457 document, or of anything else */
function detailOf(text) {
  try {
    return String(JSON.parse(text).detail ?? "");
  } catch {
    return "";
  }
}
