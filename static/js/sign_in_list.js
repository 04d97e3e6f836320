// The browsers that somebody is signed in with: one is signed out, or all.
import { attempt } from "./account_form.js";
import { call } from "./api.js";
import { need, t } from "./page_data.js";
import { toast } from "./toast.js";

/** @param {string} api its address @param {() => void} signedOut what follows, everywhere */
export function signInList(api, signedOut) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#sign-ins [data-act=end]"))) {
    button.addEventListener("click", () => attempt("sign-ins-problem", button, async () => {
      const line = /** @type {HTMLElement} */ (button.closest("li"));
      await call("DELETE", `${api}/${line.dataset.id}`);
      line.remove();
      toast(t("signed_out"));
      need("#sign-ins-title").focus();
    }));
  }
  const everywhere = document.querySelector("#sign-out-all");
  everywhere?.addEventListener("click", () => attempt("sign-ins-problem", /** @type {HTMLElement} */ (everywhere), async () => {
    await call("DELETE", api);
    signedOut();
  }));
}
