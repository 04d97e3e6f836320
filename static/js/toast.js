// Short words that come and go; screen readers hear them (the region is aria-live in base.html).
import { need } from "./page_data.js";

/** @param {string} words @param {number} [ms] */
export function toast(words, ms = 5000) {
  const box = document.createElement("div");
  box.className = "toast";
  box.textContent = words;
  need("#toasts").append(box);
  setTimeout(() => box.remove(), ms);
}

/** @param {string} text @returns {Promise<boolean>} whether the clipboard took it (it needs HTTPS or localhost) */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
