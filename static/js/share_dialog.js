// The dialog that shares a lecture: its link, the link at this time, the code that embeds the player.
import { clockTime } from "./figures.js";
import { need, t } from "./page_data.js";
import { linkAt } from "./share_links.js";
import { copyText, toast } from "./toast.js";

export class ShareDialog {
  /**
   * @param {{link: string}} share
   * @param {() => {session: string, seconds: number | null}} now what is shown, and where on its clock; null: nowhere yet
   */
  constructor(share, now) {
    this.share = share;
    this.now = now;
    this.dialog = /** @type {HTMLDialogElement} */ (need("#share-dialog"));
    this.link = /** @type {HTMLInputElement} */ (need("#share-link"));
    this.atTime = /** @type {HTMLInputElement} */ (need("#share-at-time"));
    need("#share").addEventListener("click", () => this.#open());
    this.atTime.addEventListener("change", () => this.#draw());
    for (const button of this.dialog.querySelectorAll("[data-copy-from]")) button.addEventListener("click", () => this.#copy(button));
  }

  #open() {
    this.moment = this.now(); // the time at which it was opened, however long one looks
    this.atTime.checked = false;
    this.#draw();
    this.dialog.showModal();
    this.link.select();
  }

  #draw() {
    const { session, seconds } = this.moment ?? this.now();
    this.atTime.disabled = seconds === null;
    need("#share-time").textContent = clockTime(seconds ?? 0);
    this.link.value = this.atTime.checked && seconds !== null ? linkAt(this.share.link, session, seconds) : this.share.link;
  }

  /** @param {any} button */
  async #copy(button) {
    const field = /** @type {HTMLInputElement} */ (need(button.dataset.copyFrom));
    field.select();
    const said = field === this.link ? "link_copied" : "code_copied";
    toast(await copyText(field.value) ? t(said) : t("not_copied"));
  }
}
