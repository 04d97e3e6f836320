// The studio's side of the safety copy: the switch, the quiet line, the notice. Joins SafetyCopy (keeps) and Completion (gives).
// Owned by the studio page, and lives with it.
import { call, ownAddress } from "./api.js";
import { pause } from "./backoff.js";
import { Completion } from "./completion.js";
import { CompletionNotice } from "./completion_notice.js";
import { CopyStore } from "./copy_store.js";
import { need, t } from "./page_data.js";
import { SafetyCopy } from "./safety_copy.js";
import { TusUpload } from "./tus_upload.js";

const REMEMBERED = "kodo-keep-copy";

/** @typedef {import("./safety_copy.js").Wish} Wish @typedef {import("./copy_choice.js").Piece} Piece */

/** @type {Partial<Record<import("./safety_copy.js").CopyState, string>>} */
const WORDS = {
  keeping: "copy_kept",
  no_space: "copy_no_space",
  slow: "copy_slow",
  impossible: "copy_impossible",
};

export class StudioCopy {
  #box = /** @type {HTMLInputElement} */ (need("#keep-copy"));
  /** @type {Completion | null} */ #completion = null;
  #following = false;

  /** @param {string} api the room's address in the API */
  constructor(api) {
    this.sessions = `${ownAddress(api)}/sessions`;
    const room = api.split("/").at(-1) ?? "";
    const store = CopyStore.possible ? new CopyStore() : null;
    this.#box.checked = localStorage.getItem(REMEMBERED) !== "off";
    const serverTime = async (/** @type {string} */ session) => (await this.#gaps(session)).server_time;
    this.copy = new SafetyCopy(store, { room, wanted: this.#box.checked, serverTime });
    this.copy.addEventListener("state", () => this.#draw());
    this.#box.addEventListener("change", () => this.#switch());
    if (store) this.#completion = this.#completes(store, room);
    this.#draw();
  }

  /** What is sent now, or null; as often as the page likes. @param {Wish | null} wish */
  follow(wish) {
    if (wish) this.copy.keep(wish);
    if (wish && !this.#following) this.#completion?.pause(); // the line belongs to the lecture
    if (!wish && this.#following) {
      this.#completion?.resume();
      void this.copy.stop().then(() => this.#completion?.look());
    }
    this.#following = wish !== null;
  }

  /** Whether recordings of this room can be completed. @param {string} [ended] a session that has just ended */
  look(ended) { void this.#completion?.look(ended); }

  /** @param {number} missed pictures that the composer was too late for, so far */
  watch(missed) { this.copy.watch(missed, performance.now()); }

  #switch() {
    localStorage.setItem(REMEMBERED, this.#box.checked ? "on" : "off");
    this.copy.want(this.#box.checked);
  }

  #draw() {
    const key = WORDS[this.copy.state];
    need("#keep-copy-words").textContent = key ? t(key) : "";
    this.#box.dataset.state = this.copy.state;
    this.#box.disabled = this.copy.store === null;
  }

  /** @param {CopyStore} store @param {string} room @returns {Completion} */
  #completes(store, room) {
    const means = {
      gaps: (/** @type {string} */ session) => this.#gaps(session),
      complete: (/** @type {string} */ session, /** @type {string[]} */ copies) => call("POST", `${this.sessions}/${session}/complete`, { copies }),
      cancel: (/** @type {string} */ session) => call("DELETE", `${this.sessions}/${session}/complete`),
      upload: (/** @type {string} */ session, /** @type {File} */ file, /** @type {Piece} */ piece) =>
        new TusUpload(`${this.sessions}/${session}/copies`, file, { metadata: { began_at: String(piece.began_at), filetype: piece.mime } }),
      wait: pause,
      memory: localStorage,
    };
    const completion = new Completion(store, room, { kept: () => this.copy.session, means });
    new CompletionNotice(completion);
    return completion;
  }

  /** @param {string} session @returns {Promise<import("./completion.js").Gaps>} */
  #gaps(session) { return call("GET", `${this.sessions}/${session}/gaps`); }
}
