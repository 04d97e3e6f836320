// Short words that come and go; screen readers hear them (the region is aria-live in base.html).
import { need } from "./page_data.js";

/** @param {string} words @param {number} [ms] @param {{words: string, act: () => void} | null} [button] what can be done about it */
export function toast(words, ms = 5000, button = null) {
  const box = document.createElement("div");
  box.className = "toast";
  box.append(words);
  if (button) box.append(buttonOf(button, box));
  need("#toasts").append(box);
  setTimeout(() => box.remove(), ms);
}

/** @param {{words: string, act: () => void}} button @param {HTMLElement} box */
function buttonOf({ words, act }, box) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", () => {
    box.remove();
    act();
  });
  return made;
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
