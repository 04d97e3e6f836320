// Own rooms: a new room by a dialog, the copying of addresses, and back what was just thrown away.
import { ApiError, call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { copyText, toast } from "./toast.js";

const data = readJson("page"); // {rooms_api}
const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#new-room"));

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const address = /** @type {HTMLElement} */ (button).dataset.copy ?? "";
    toast((await copyText(address)) ? t("link_copied") : address);
  });
}

if (dialog) {
  for (const opener of document.querySelectorAll("[data-open-new-room]")) opener.addEventListener("click", () => dialog.showModal());
  need("[data-close]", dialog).addEventListener("click", () => dialog.close());
  need("form", dialog).addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void create(new FormData(/** @type {HTMLFormElement} */ (event.target)));
  });
}

const UNDO_MS = 10000;
const THROWN = "#thrown="; // what the settings of a room leave in the address when it was thrown away

function offerUndo() {
  if (!location.hash.startsWith(THROWN)) return;
  const slug = location.hash.slice(THROWN.length); // as it stands in addresses
  history.replaceState(null, "", location.pathname + location.search);
  toast(t("thrown"), UNDO_MS, { words: t("undo"), act: () => void undo(slug) });
}

/** @param {string} slug */
async function undo(slug) {
  try {
    await call("POST", `${data.rooms_api}/${slug}/restore`);
    location.reload();
  } catch (error) {
    toast(error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved"));
  }
}

offerUndo();

/** @param {FormData} form */
async function create(form) {
  const slug = String(form.get("slug") ?? "").trim();
  try {
    await call("POST", data.rooms_api, { title: String(form.get("title")).trim(), access: "open", ...(slug ? { slug } : {}) });
    location.reload();
  } catch (error) {
    need("#new-room-problem").hidden = false;
    need("#new-room-problem-words").textContent = error instanceof ApiError && error.status === 409 ? t("slug_taken")
      : error instanceof ApiError && error.detail ? error.detail : t("not_saved");
  }
}
