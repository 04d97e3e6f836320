// What the pages of accounts share: words for what went wrong, a link to hand over.
import { ApiError } from "./api.js";
import { need, t } from "./page_data.js";
import { copyText, toast } from "./toast.js";

/** @param {unknown} error @returns {string} */
export const wordsFor = (error) => (error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved"));

/** @param {string} id of a notice @param {string} words "" when it is good again */
export function say(id, words) {
  need(`#${id}`).hidden = !words;
  need(`#${id}-words`).textContent = words;
}

/**
 * Does something that may be refused: one at a time, its refusal in a notice.
 * @param {string} id of the notice @param {HTMLElement | null} button @param {() => Promise<void>} act
 */
export async function attempt(id, button, act) {
  if (button?.getAttribute("aria-busy") === "true") return;
  button?.setAttribute("aria-busy", "true");
  try {
    await act();
    say(id, "");
  } catch (error) {
    say(id, wordsFor(error));
  }
  button?.removeAttribute("aria-busy");
}

/** @param {{mail: string, url: string | null}} link @param {string} email */
export function showLink(link, email) {
  say("link-said", t(`mail_${link.mail}`, { email }));
  need("#link-field").hidden = !link.url;
  need("#link").value = link.url ?? "";
}

export function copyButtons() {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copy-from]"))) {
    button.addEventListener("click", async () => {
      const field = need(button.dataset.copyFrom ?? "");
      field.select();
      toast(t((await copyText(field.value)) ? "copied" : "not_copied"));
    });
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-close]"))) {
    button.addEventListener("click", () => /** @type {HTMLDialogElement} */ (button.closest("dialog")).close());
  }
}
