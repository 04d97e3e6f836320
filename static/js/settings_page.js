// A room's settings: title, access, stream keys, each shown once, and its end.
import { ApiError, call } from "./api.js";
import { ago } from "./figures.js";
import { language, need, readJson, t } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { copyText, toast } from "./toast.js";

const data = readJson("page"); // {api, access, slug, rooms: the address of the own rooms}
const form = /** @type {HTMLFormElement} */ (need("#room-form"));
const password = /** @type {HTMLInputElement} */ (need("#password"));

const chosenAccess = () => String(new FormData(form).get("access"));

function drawAccess() {
  need("#password-field").hidden = chosenAccess() !== "password";
  // The password that is set is never shown; an empty box keeps it.
  password.required = chosenAccess() === "password" && data.access !== "password";
}

/** @param {string} id @param {unknown} error null: none */
function problem(id, error) {
  need(`#${id}`).hidden = error === null;
  need(`#${id}-words`).textContent = error instanceof ApiError && error.detail ? error.detail : t("not_saved");
}

form.addEventListener("change", drawAccess);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const title = String(new FormData(form).get("title")).trim();
  const access = chosenAccess();
  const change = { title, ...(access === data.access ? {} : { access }), ...(access === "password" && password.value ? { password: password.value } : {}) };
  try {
    await call("PATCH", data.api, change);
    data.access = access;
    password.value = "";
    drawAccess();
    problem("room-problem", null);
    toast(t("saved"));
  } catch (error) {
    problem("room-problem", error);
  }
});

/** @param {any} key @returns {HTMLTableRowElement} */
function row(key) {
  const line = document.createElement("tr");
  for (const words of [key.label, when(key.created_at), key.last_used_at ? when(key.last_used_at) : t("never")]) {
    line.insertCell().append(words);
  }
  line.cells[1].className = "less"; // on a phone
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = t("revoke");
  button.setAttribute("aria-label", `${t("revoke")}: ${key.label}`);
  button.addEventListener("click", () => askToRevoke(key));
  line.insertCell().append(button);
  return line;
}

/** @param {string} iso */
function when(iso) {
  const time = document.createElement("time");
  time.dateTime = iso;
  time.title = new Date(iso).toLocaleString(language());
  time.textContent = ago((serverNow() - Date.parse(iso)) / 1000, language());
  return time;
}

async function listKeys() {
  try {
    const answer = await call("GET", `${data.api}/stream-keys`);
    const keys = Array.isArray(answer) ? answer : answer.stream_keys;
    need("#keys tbody").replaceChildren(...keys.map(row));
    need("#keys").hidden = keys.length === 0;
    need("#no-keys").hidden = keys.length !== 0;
    problem("keys-problem", null);
  } catch (error) {
    problem("keys-problem", error);
  }
}

need("#key-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const label = /** @type {HTMLInputElement} */ (need("#key-label"));
  try {
    const made = await call("POST", `${data.api}/stream-keys`, { label: label.value.trim() });
    need("#new-key").hidden = false;
    need("#stream-key").value = made.stream_key;
    need("#whip-url").value = made.whip_url;
    need("#stream-key").focus();
    label.value = "";
    await listKeys();
  } catch (error) {
    problem("keys-problem", error);
  }
});

for (const button of document.querySelectorAll("[data-copy-from]")) {
  button.addEventListener("click", async () => {
    const field = /** @type {HTMLInputElement} */ (need(/** @type {HTMLElement} */ (button).dataset.copyFrom ?? ""));
    if (await copyText(field.value)) toast(t("copied"));
    else field.select(); // then Ctrl+C does it
  });
}

/** @param {any} key */
function askToRevoke(key) {
  const dialog = /** @type {HTMLDialogElement} */ (need("#revoke-dialog"));
  need("#revoke-words").textContent = t("revoke_question", { label: key.label });
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "revoke") return;
    try {
      await call("DELETE", `${data.api}/stream-keys/${encodeURIComponent(key.id)}`);
      toast(t("revoked"));
    } catch (error) {
      problem("keys-problem", error);
      return;
    }
    await listKeys();
  }, { once: true });
}

need("#delete-room").addEventListener("click", () => {
  const dialog = /** @type {HTMLDialogElement} */ (need("#delete-dialog"));
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "delete") return;
    try {
      await call("DELETE", data.api);
      location.assign(`${data.rooms}#thrown=${encodeURIComponent(data.slug)}`);
    } catch (error) {
      problem("delete-problem", error);
    }
  }, { once: true });
});

drawAccess();
void listKeys();
