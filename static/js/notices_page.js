// Notices to all users: written, withdrawn and sent by mail by admins.
import { ApiError, call } from "./api.js";
import { need, readJson, t } from "./page_data.js";

const data = readJson("page"); // {api}
const form = /** @type {HTMLFormElement} */ (need("#notice-form"));
const dialog = /** @type {HTMLDialogElement} */ (need("#withdraw-dialog"));
let chosen = ""; // which one the dialog asks about

/** @param {string} id @param {unknown} error */
function problem(id, error) {
  need(`#${id}`).hidden = false;
  need(`#${id}-words`).textContent = error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved");
}

/** What is typed in the reader's zone, as the API wants it. @param {FormDataEntryValue | null} typed */
const moment = (typed) => (typed ? new Date(String(typed)).toISOString() : null);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = new FormData(form);
  const texts = Object.fromEntries(["ja", "en", "zh"].map((one) => [one, String(typed.get(one) ?? "")]));
  const body = {
    texts,
    everybody: typed.get("everybody") === "yes",
    starts_at: moment(typed.get("starts_at")),
    ends_at: moment(typed.get("ends_at")),
    mail: typed.has("mail"),
  };
  const button = /** @type {HTMLButtonElement} */ (need("button.primary", form));
  button.disabled = true;
  try {
    await call("POST", data.api, body);
    location.reload();
  } catch (error) {
    problem("problem", error);
    button.disabled = false;
  }
});

need("#notice-list").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const line = button?.closest("[data-id]");
  if (!button || !(line instanceof HTMLElement)) return;
  chosen = line.dataset.id ?? "";
  if (button.dataset.act === "withdraw") dialog.showModal();
  if (button.dataset.act === "mail") void act("mail");
});

need("form", dialog).addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  if (event.submitter?.getAttribute("value") === "yes") void act("withdraw");
});

/** @param {"mail" | "withdraw"} what */
async function act(what) {
  try {
    await call("POST", `${data.api}/${chosen}/${what}`);
    location.reload();
  } catch (error) {
    problem("list-problem", error);
  }
}

need("#notices-page").dataset.ready = "true";
