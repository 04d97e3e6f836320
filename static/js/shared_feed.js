// The room's feed as a page has it: from the worker that all tabs share, or its own where there are no shared workers.
// The same events and methods as EventFeed.
import { EventFeed } from "./event_feed.js";

const NAMES = ["snapshot", "event", "trouble", "well", "denied"];

export class SharedFeed extends EventTarget {
  /** @type {EventFeed | null} */ #own = null;
  /** @type {MessagePort | null} */ #port = null;
  #ended = new AbortController();

  /** @param {{snapshot_url: string, batch_url: string}} addresses */
  constructor(addresses) {
    super();
    this.addresses = addresses;
  }

  start() {
    const { signal } = this.#ended;
    const worker = sharedWorker();
    if (!worker) { this.#listenAlone(); return; }
    worker.addEventListener("error", () => this.#listenAlone(), { signal }); // blocked, or modules are too new for it
    this.#port = worker.port;
    this.#port.onmessage = ({ data }) => this.#tell(data.name, data.detail);
    this.#join();
    // A page in the back-forward cache hears nothing: it leaves, and joins anew with a fresh snapshot.
    window.addEventListener("pagehide", () => this.#port?.postMessage({ leave: true }), { signal });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.#join(); }, { signal });
  }

  stop() {
    this.#ended.abort();
    this.#port?.postMessage({ leave: true });
    this.#port?.close();
    this.#port = null;
    this.#own?.stop();
  }

  #join() { this.#port?.postMessage({ join: this.addresses }); }

  #listenAlone() {
    if (this.#own || this.#ended.signal.aborted) return;
    this.#port?.close();
    this.#port = null;
    this.#own = new EventFeed(this.addresses);
    for (const name of NAMES) this.#own.addEventListener(name, (e) => this.#tell(name, /** @type {CustomEvent} */ (e).detail));
    this.#own.start();
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    if (!this.#ended.signal.aborted) this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @returns {SharedWorker | null} null where there is none, or where a frame of another site may have none */
function sharedWorker() {
  try {
    return new SharedWorker(new URL("feed_worker.js", import.meta.url), { type: "module", name: "kodo-feed" });
  } catch {
    return null;
  }
}
