// One person, for admins: name, mail address, role; links, deactivation; where they are signed in.
import { attempt, copyButtons, showLink } from "./account_form.js";
import { call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { signInList } from "./sign_in_list.js";
import { toast } from "./toast.js";

const data = readJson("page"); // {api}
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#person-form"));

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt("person-problem", form.querySelector("button.primary"), async () => {
    await call("PATCH", data.api, Object.fromEntries(new FormData(form)));
    toast(t("saved"));
  });
});

/** @param {string} id @param {(button: HTMLElement) => Promise<void>} act */
function onClick(id, act) {
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`#${id}`));
  button?.addEventListener("click", (event) => {
    event.preventDefault();
    void attempt("access-problem", button, () => act(button));
  });
}

onClick("make-link", async () => showLink(await call("POST", `${data.api}/link`, {}), need("#email").value));
onClick("activate", async () => {
  await call("PATCH", data.api, { active: true });
  location.reload();
});
onClick("deactivate", async () => need("#deactivate-dialog").showModal());
onClick("deactivate-do", async () => {
  need("#deactivate-dialog").close();
  await call("PATCH", data.api, { active: false });
  location.reload();
});
onClick("remove", async () => {
  await call("DELETE", data.api);
  location.assign("/admin/people");
});

copyButtons();
if (form) signInList(`${data.api}/sign-ins`, () => location.reload());
document.documentElement.dataset.ready = "true";
