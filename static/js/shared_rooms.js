// Which tabs listen to which room's feed, and what a tab that joins late must be told. Lives in feed_worker.js.
import { backoffMs, pause } from "./backoff.js";
import { EventFeed } from "./event_feed.js";

const KEPT_EVENTS = 500; // of the last minutes: a late snapshot is never older than that

/** @typedef {{postMessage: (message: {name: string, detail?: unknown}) => void}} Port */

export class SharedRooms {
  /** @type {Map<string, SharedRoom>} */ #rooms = new Map();

  /** @param {(addresses: any) => EventFeed} [makeFeed] */
  constructor(makeFeed = (addresses) => new EventFeed(addresses)) { this.makeFeed = makeFeed; }

  /** @param {Port} port @param {{snapshot_url: string, batch_url: string}} addresses */
  join(port, addresses) {
    this.leave(port);
    const key = addresses.batch_url;
    const room = this.#rooms.get(key);
    if (room) { void room.joinLate(port); return; }
    this.#rooms.set(key, new SharedRoom(this.makeFeed(addresses), port, () => this.#rooms.delete(key)));
  }

  /** @param {Port} port */
  leave(port) { for (const room of [...this.#rooms.values()]) room.leave(port); }
}

class SharedRoom {
  /** @type {Set<Port>} */ #ports = new Set(); // everyone who wants to hear
  /** @type {Set<Port>} */ #ready = new Set(); // those who have had their snapshot
  /** @type {any[]} */ #recent = [];

  /** @param {EventFeed} feed @param {Port} port @param {() => void} onEmpty */
  constructor(feed, port, onEmpty) {
    this.feed = feed;
    this.onEmpty = onEmpty;
    this.#ports.add(port);
    this.#ready.add(port);
    for (const name of ["snapshot", "event", "trouble", "well", "denied"]) {
      feed.addEventListener(name, (e) => this.#onNews(name, /** @type {CustomEvent} */ (e).detail));
    }
    feed.start();
  }

  /** @param {Port} port */
  async joinLate(port) {
    this.#ports.add(port);
    for (let failures = 1; this.#ports.has(port); failures += 1) {
      try {
        const snapshot = await this.feed.snapshot();
        if (!this.#ports.has(port)) return;
        port.postMessage({ name: "snapshot", detail: snapshot });
        for (const event of this.#recent) if (event.seq >= snapshot.seq) port.postMessage({ name: "event", detail: event });
        this.#ready.add(port);
        if (failures > 1) port.postMessage({ name: "well" });
        return;
      } catch {
        port.postMessage({ name: "trouble" });
        await pause(backoffMs(failures, { first: 0.5, most: 5 }));
      }
    }
  }

  /** @param {Port} port */
  leave(port) {
    this.#ready.delete(port);
    if (this.#ports.delete(port) && this.#ports.size === 0) this.#end();
  }

  /** @param {string} name @param {any} detail */
  #onNews(name, detail) {
    if (name === "event") this.#recent = [...this.#recent.slice(1 - KEPT_EVENTS), detail];
    const listeners = name === "denied" ? this.#ports : this.#ready;
    for (const port of listeners) port.postMessage({ name, detail });
    if (name === "denied") this.#end();
  }

  #end() {
    this.feed.stop();
    this.#ports.clear();
    this.#ready.clear();
    this.onEmpty();
  }
}
