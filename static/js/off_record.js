// What is said now and shall not stay: off the record and on it again, while the lecture goes on. Owned by the studio page.
import { ApiError, call } from "./api.js";
import { need, t } from "./page_data.js";
import { toast } from "./toast.js";

export class OffRecord {
  #asking = false;
  #button = need("#off-record");

  /** @param {HTMLElement} root @param {import("./studio_room.js").StudioRoom} room */
  constructor(root, room) {
    this.root = root;
    this.room = room;
    this.#button.addEventListener("click", () => void this.toggle());
    need("#on-record").addEventListener("click", () => void this.toggle());
  }

  get #on() { return this.room.running && (this.room.session?.off_record ?? false); }

  draw() {
    this.root.dataset.offRecord = String(this.#on);
    this.#button.hidden = !this.room.running;
    this.#button.setAttribute("aria-pressed", String(this.#on));
    need("#off-record-notice").hidden = !this.#on;
    need("#off-record-badge").hidden = !this.#on;
  }

  /** Told once the recorder has it on its disk: until then nothing seems to be off the record that is not. */
  async toggle() {
    if (this.#asking || !this.room.running) return;
    this.#asking = this.#button.disabled = true;
    try {
      await call("PUT", `${this.room.api}/off-record`, { off_record: !this.#on });
      await this.room.look();
    } catch (error) {
      toast(error instanceof ApiError && error.detail ? error.detail : t(this.#on ? "still_off_record" : "not_off_record"));
    }
    this.#asking = this.#button.disabled = false;
  }
}
