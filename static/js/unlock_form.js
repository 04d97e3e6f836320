// The form that takes a room's password.
import { ApiError, call } from "./api.js";
import { need, t } from "./page_data.js";

export class UnlockForm {
  /** @param {HTMLFormElement} form @param {string} roomApi @param {() => Promise<void>} onOpen */
  constructor(form, roomApi, onOpen) {
    this.form = form;
    this.roomApi = roomApi;
    this.onOpen = onOpen;
    form.addEventListener("submit", (event) => { event.preventDefault(); void this.#try(); });
  }

  async #try() {
    const field = /** @type {HTMLInputElement} */ (need("input", this.form));
    try {
      await call("POST", `${this.roomApi}/unlock`, { password: field.value });
      field.value = "";
      need("#unlock-error").textContent = "";
      await this.onOpen();
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      const known = { 401: t("wrong_password"), 403: t("wrong_password"), 429: t("too_many") };
      need("#unlock-error").textContent = /** @type {Record<number, string>} */ (known)[status] ?? t("no_answer");
      field.focus();
    }
  }
}
