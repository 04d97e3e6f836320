// Tells the server now and then that this page watches: the viewer count is made of it.
import { call, ownAddress } from "./api.js";

export class Beacon {
  #timer = 0;
  #url = "";
  #viewer = viewerId();

  /** @param {string | null} url @param {number} seconds @param {boolean} on */
  run(url, seconds, on) {
    const wanted = on && url ? url : "";
    if (wanted === this.#url) return;
    this.#url = wanted;
    clearInterval(this.#timer);
    if (!wanted) return;
    this.#send();
    this.#timer = window.setInterval(() => this.#send(), seconds * 1000);
  }

  #send() {
    // One lost beacon is made good by the next: only the count is late.
    call("POST", ownAddress(this.#url), { viewer: this.#viewer }).catch((error) => console.info("beacon:", error.message));
  }
}

/** @returns {string} random, kept while the tab lives: a reload is the same viewer */
function viewerId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  try {
    const kept = sessionStorage.getItem("kodo-viewer");
    if (!kept) sessionStorage.setItem("kodo-viewer", fresh);
    return kept ?? fresh;
  } catch {
    return fresh; // a frame of another site has no storage
  }
}
