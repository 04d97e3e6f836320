// The people of an organization: invite one, take in many from a CSV file. The list itself is the server's.
import { attempt, copyButtons, say, showLink } from "./account_form.js";
import { call, csrfToken, problemOf } from "./api.js";
import { need, readJson, t } from "./page_data.js";

const data = readJson("page"); // {api}
const dialogs = Object.fromEntries(["invite", "link", "import"].map((name) => [name, /** @type {HTMLDialogElement} */ (need(`#${name}-dialog`))]));
const file = /** @type {HTMLInputElement} */ (need("#import-file"));
let checked = false; // the file that is chosen can be taken in as it is

need("#invite").addEventListener("click", () => dialogs.invite.showModal());
need("#import").addEventListener("click", () => dialogs.import.showModal());

need("#invite-dialog form").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  void attempt("invite-problem", form.querySelector("button.primary"), async () => {
    const told = await call("POST", data.api, Object.fromEntries(new FormData(form)));
    dialogs.invite.close();
    showLink(told.link, told.person.email ?? "");
    dialogs.link.showModal();
  });
});
dialogs.link.addEventListener("close", () => location.reload());

file.addEventListener("change", () => isChecked(false));
need("#import-dialog form").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  void attempt("import-problem", need("#import-do"), async () => {
    const told = await send(!checked);
    if (checked && !told.wrong_count) location.assign("/admin/people?state=invited");
    else show(told);
  });
});

/** @param {boolean} dryRun @returns {Promise<{made: number, known: number, wrong: {line: number, user_id: string, words: string}[], wrong_count: number}>} */
async function send(dryRun) {
  const headers = { "Content-Type": "text/csv", "X-CSRFToken": csrfToken() };
  const response = await fetch(`${data.api}/import?dry_run=${dryRun}`, { method: "POST", headers, body: file.files?.[0] });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

/** @param {Awaited<ReturnType<typeof send>>} told */
function show(told) {
  const lines = told.wrong.map(({ line, user_id, words }) => {
    const item = document.createElement("li");
    item.textContent = t("wrong_line", { line, user_id, words });
    return item;
  });
  if (told.wrong_count > lines.length) {
    const rest = document.createElement("li");
    rest.textContent = t("more_wrong", { count: told.wrong_count - lines.length });
    lines.push(rest);
  }
  isChecked(!told.wrong_count && told.made > 0);
  need("#import-wrong").hidden = !lines.length;
  need("#import-wrong").replaceChildren(...lines);
  say("import-said", told.wrong_count ? "" : t(told.made ? "would_be_made" : "nothing_new", { count: told.made, known: told.known }));
}

/** @param {boolean} good */
function isChecked(good) {
  checked = good;
  need("#import-do").textContent = t(good ? "import_do" : "import_check");
  need("#import-wrong").hidden = true;
  say("import-said", "");
  say("import-problem", "");
}

copyButtons();
document.documentElement.dataset.ready = "true";
