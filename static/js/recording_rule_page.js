// Which lectures of the organization are recorded: chosen by its admins.
import { ApiError, call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { toast } from "./toast.js";

const data = readJson("page"); // {api}
const form = /** @type {HTMLFormElement} */ (need("#rule-form"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("PATCH", data.api, { recording: String(new FormData(form).get("recording")) });
    need("#problem").hidden = true;
    toast(t("saved"));
  } catch (error) {
    need("#problem").hidden = false;
    need("#problem-words").textContent = error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved");
  }
});
