// Single keys of the studio and the sheet that names them. They can be switched off (WCAG 2.2, 2.1.4) and leave fields alone.
import { need } from "./page_data.js";

export class Shortcuts {
  #dialog = /** @type {HTMLDialogElement} */ (need("#shortcuts-dialog"));
  #on = /** @type {HTMLInputElement} */ (need("#shortcuts-on"));

  /** @param {Record<string, () => void>} keys */
  constructor(keys) {
    this.keys = keys;
    this.#on.checked = localStorage.getItem("kodo-shortcuts") !== "off";
    this.#on.addEventListener("change", () => localStorage.setItem("kodo-shortcuts", this.#on.checked ? "on" : "off"));
    need("#shortcuts").addEventListener("click", () => this.#dialog.showModal());
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (!this.#on.checked || document.querySelector("dialog[open]") || target.closest?.("input, select, textarea, [contenteditable]")) return;
    const act = event.key === "?" ? () => this.#dialog.showModal() : this.keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
