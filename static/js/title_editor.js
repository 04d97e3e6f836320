// The lecture's title in the studio: shown, and with its description changed while the lecture runs.
import { ApiError } from "./api.js";
import { need, t } from "./page_data.js";

export class TitleEditor {
  #dialog = /** @type {HTMLDialogElement} */ (need("#title-dialog"));
  #field = /** @type {HTMLInputElement} */ (need("#new-title"));
  #description = /** @type {HTMLTextAreaElement} */ (need("#new-description"));

  /** @param {import("./studio_room.js").StudioRoom} room @param {string} roomTitle shown while no lecture runs */
  constructor(room, roomTitle) {
    this.room = room;
    this.roomTitle = roomTitle;
    need("#edit-title").addEventListener("click", () => this.#open());
    need("#title-form").addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); void this.#save(); });
  }

  /** @param {boolean} onAir */
  draw(onAir) {
    const shown = this.#title();
    if (need("#title").textContent !== shown) need("#title").textContent = shown;
    need("#edit-title").hidden = !(onAir && this.room.running);
  }

  #title() { return (this.room.running && this.room.session?.title) || this.roomTitle; }

  #open() {
    this.#field.value = this.#title();
    this.#description.value = this.room.session?.description ?? "";
    need("#title-problem").textContent = "";
    this.#dialog.showModal();
    this.#field.select();
  }

  async #save() {
    try {
      await this.room.describe({ title: this.#field.value, description: this.#description.value });
      this.#dialog.close();
    } catch (error) {
      need("#title-problem").textContent = error instanceof ApiError && error.detail ? error.detail : t("title_not_saved");
    }
  }
}
