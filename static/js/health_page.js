// The page of what is watched: kept new, and a message to try whether it would come.
import { ApiError, call } from "./api.js";
import { FreshParts } from "./fresh_parts.js";
import { need, readJson, t } from "./page_data.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";

const POLL_MS = 5000;

const { api } = readJson("page");

need("#test-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  try {
    await call("POST", api, {});
    toast(t("test_sent"));
  } catch (error) {
    toast(error instanceof ApiError && error.detail && error.status ? error.detail : t("no_answer"));
  }
});

const parts = new FreshParts(POLL_MS, (wrong) => {
  need("#trouble").hidden = !wrong;
  setText(need("#trouble-words"), wrong ? t("no_answer") : "");
});
parts.start();
document.documentElement.dataset.ready = "";
