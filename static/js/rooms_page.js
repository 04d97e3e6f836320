// Own rooms: a new room by a dialog, and the copying of addresses.
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
