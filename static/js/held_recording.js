// A recording that is held for its owner: kept, or deleted now.
import { ApiError, call } from "./api.js";
import { need, readJson, translator } from "./page_data.js";
import { toast } from "./toast.js";

const data = readJson("page"); // {recording_api, library}
const t = translator("held-strings");

/** @param {() => Promise<void>} act */
async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved"));
  }
}

need("#claim").addEventListener("click", () => void attempt(async () => {
  await call("POST", `${data.recording_api}/claim`, {});
  location.reload();
}));

need("#delete-now").addEventListener("click", () => {
  const dialog = /** @type {HTMLDialogElement} */ (need("#delete-dialog"));
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "delete") return;
    void attempt(async () => {
      await call("DELETE", data.recording_api);
      toast(t("deleted"));
      location.href = data.library;
    });
  }, { once: true });
});
