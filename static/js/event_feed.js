// The room's event feed: a snapshot, then batch k, k + 1, … by held requests.
// Owned by feed_worker.js (or by a page, where there are no shared workers); runs from start() to stop(), and by
// itself through any trouble but a refusal.
import { ownAddress } from "./api.js";
import { backoffMs, pause } from "./backoff.js";

/** The server holds a batch for 25 s; a connection silent for longer is dead. */
const HELD_MS = 40000;

/**
 * What all batches before `next` left; events from `seq` on are not in it.
 * @typedef {{next: number, seq: number, state: any}} Snapshot
 */

/**
 * Events: `snapshot` (detail: Snapshot), `event` (detail: one event of the log), `trouble`, `well`,
 * `denied` (the address holds no longer: ask the API for a new one and make a new feed).
 */
export class EventFeed extends EventTarget {
  #stop = new AbortController();
  #next = -1; // batch to ask for; -1: the snapshot comes first
  #failures = 0;

  /** @param {{snapshot_url: string, batch_url: string}} addresses @param {{fetch?: typeof fetch, wait?: typeof pause}} [means] */
  constructor(addresses, { fetch = globalThis.fetch.bind(globalThis), wait = pause } = {}) {
    super();
    this.addresses = addresses;
    this.fetch = fetch;
    this.wait = wait;
  }

  start() { void this.#run(); }
  stop() { this.#stop.abort(); }

  /** @returns {Promise<Snapshot>} */
  snapshot() { return this.#get(ownAddress(this.addresses.snapshot_url)); }

  async #run() {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#stop.signal.aborted || this.#refused(error)) return;
        this.#failures += 1;
        this.#tell("trouble");
        await this.wait(backoffMs(this.#failures, { first: 0.5, most: 5 }), this.#stop.signal);
      }
    }
  }

  async #step() {
    // After a failure the snapshot, answered at once, tells that the line is back; the held batch would tell it late.
    if (this.#next < 0 || this.#failures) {
      const snapshot = await this.snapshot();
      if (this.#next < 0) {
        this.#next = snapshot.next;
        this.#tell("snapshot", snapshot);
      }
      if (this.#failures) this.#tell("well");
      this.#failures = 0;
    }
    const asked = performance.now();
    const batch = await this.#get(ownAddress(this.addresses.batch_url.replace("{k}", String(this.#next))));
    if (batch) {
      for (const event of batch.events) this.#tell("event", event);
      this.#next = batch.next;
    } else if (performance.now() - asked < 1000) {
      await this.wait(1000, this.#stop.signal); // a proxy that will not hold must not make us spin
    }
  }

  /** @param {string} url @returns {Promise<any>} null for 204: nothing happened, ask again */
  async #get(url) {
    const deadline = new AbortController();
    const end = () => deadline.abort();
    const timer = setTimeout(end, HELD_MS);
    this.#stop.signal.addEventListener("abort", end, { once: true });
    try {
      const response = await this.fetch(url, { signal: deadline.signal });
      if (response.status === 204) return null;
      if (!response.ok) throw new FeedRefusal(response.status);
      return await response.json();
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener("abort", end);
    }
  }

  /** @param {unknown} error @returns {boolean} whether this feed has come to its end */
  #refused(error) {
    if (!(error instanceof FeedRefusal)) return false;
    if (error.status === 401 || error.status === 403) { this.#tell("denied"); return true; }
    if (error.status === 400 || error.status === 404 || error.status === 410) this.#next = -1; // the numbering is not ours any more
    return false;
  }

  /** @param {string} name @param {unknown} [detail] */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

class FeedRefusal extends Error {
  /** @param {number} status */
  constructor(status) { super(`HTTP ${status}`); this.status = status; }
}
