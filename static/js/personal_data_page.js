// A person's data, as an admin sees it: erasing them, once their user ID was typed.
import { ApiError, call } from "./api.js";
import { need, readJson, t } from "./page_data.js";

const data = readJson("page"); // {api, user_id}
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#erase-form"));

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = new FormData(form);
  const button = /** @type {HTMLButtonElement} */ (need("button.danger", form));
  button.disabled = true;
  try {
    await call("POST", data.api, { lectures: typed.get("lectures"), user_id: String(typed.get("user_id") ?? "").trim() }, { timeoutMs: 120_000 });
    location.reload();
  } catch (error) {
    need("#problem").hidden = false;
    need("#problem-words").textContent = error instanceof ApiError && error.status && error.detail ? error.detail : t("not_erased");
    need("#problem").scrollIntoView({ block: "nearest" });
    button.disabled = false;
  }
});

need("#personal-page").dataset.ready = "true";
