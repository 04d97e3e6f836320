// The own account: name, mail address, password, and where one is signed in.
import { attempt } from "./account_form.js";
import { call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { signInList } from "./sign_in_list.js";
import { toast } from "./toast.js";

const data = readJson("page"); // {api}
const form = /** @type {HTMLFormElement} */ (need("#account-form"));
const passwordForm = /** @type {HTMLFormElement} */ (need("#password-form"));
const email = need("#email");
let known = email.value;

email.addEventListener("input", () => { need("#email-password").hidden = email.value === known; });

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt("account-problem", form.querySelector("button.primary"), async () => {
    const told = await call("PATCH", data.api, Object.fromEntries(new FormData(form)));
    known = email.value = told.email ?? "";
    need("#present").value = "";
    need("#email-password").hidden = true;
    toast(t("saved"));
  });
});

passwordForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt("password-problem", passwordForm.querySelector("button.primary"), async () => {
    await call("PUT", `${data.api}/password`, Object.fromEntries(new FormData(passwordForm)));
    location.reload(); // with the new sign-in's token
  });
});

signInList(`${data.api}/sign-ins`, () => location.assign("/sign-in"));
document.documentElement.dataset.ready = "true";
