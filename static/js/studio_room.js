// What the room says to its studio: its session, by asking and by the feed. Owned by the studio page; runs while the page lives.
import { ApiError, call } from "./api.js";
import { SharedFeed } from "./shared_feed.js";

/**
 * Events: `look` (detail: whether the server answered), `viewers` (detail: count), `session` (detail: the session told of),
 * `scheduled` (another lecture is the next: look).
 */
export class StudioRoom extends EventTarget {
  /** @type {import("./room_view.js").Room | null} */ #room = null;
  /** @type {SharedFeed | null} */ #feed = null;

  /** @param {string} api the room's address in the API */
  constructor(api) {
    super();
    this.api = api;
  }

  get session() { return this.#room?.session ?? null; }
  /** The scheduled lecture that going live now holds. */
  get due() { return this.#room?.due ?? null; }
  /** What becomes of the lecture under way, else of the next: {kept, days, may_choose}. */
  get keeping() { return this.#room?.keeping ?? null; }
  get running() { return ["live", "slate"].includes(this.session?.state ?? ""); }

  async look() {
    let answered = true;
    try {
      this.#room = await call("GET", this.api);
      if (!this.#feed) this.#startFeed();
      if (this.session) this.#tell("session", this.session);
    } catch {
      answered = false; // said beside the recording light; the sending itself does not need this call
    }
    this.#tell("look", answered);
  }

  /** End the lecture. Throws ApiError. @returns {Promise<boolean>} whether there was one */
  async end() {
    try {
      return (await call("POST", `${this.api}/end`, {})).session_id !== null;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false; // it never began, or has ended elsewhere
      throw error;
    }
  }

  /** Another title and description of the running lecture. Throws ApiError. @param {{title: string, description: string}} words */
  async describe(words) {
    await call("PATCH", `${this.api}/sessions/${this.session?.id}`, words);
    await this.look();
  }

  /** Whether the recording of the running lecture, else of the next ones, is published. Throws ApiError. @param {boolean} publish */
  async publish(publish) {
    const lecture = this.running ? `/sessions/${this.session?.id}` : "";
    await call("PUT", `${this.api}${lecture}/keeping`, { publish });
  }

  #startFeed() {
    if (!this.#room?.feed) return;
    const feed = new SharedFeed(this.#room.feed);
    this.#feed = feed;
    feed.addEventListener("event", (e) => this.#onEvent(/** @type {CustomEvent} */ (e).detail));
    feed.addEventListener("snapshot", (e) => this.#tell("viewers", /** @type {CustomEvent} */ (e).detail.state.viewers));
    feed.addEventListener("denied", () => { this.#feed = null; }); // the next look() brings new addresses
    feed.start();
  }

  /** @param {any} event */
  #onEvent(event) {
    if (event.kind === "viewers") this.#tell("viewers", event.payload.count);
    if (event.kind === "scheduled") this.#tell("scheduled", null);
    if (event.kind === "kept") void this.look();
    if (event.kind !== "session") return;
    const session = { ...event.payload, id: event.payload.session ?? event.session };
    if (this.session?.id === session.id) this.#tell("session", session);
    void this.look();
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
