// Another file for a recording that was uploaded. Loaded by the form of such a recording; ends on the library, which says how it goes on.
import { ApiError } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { setText } from "./times.js";
import { TusUpload } from "./tus_upload.js";

const data = readJson("page"); // {library, replace, recording}
const input = /** @type {HTMLInputElement} */ (need("#replace-file"));
const words = need("#replace-words");

/** @param {File} file */
function send(file) {
  const sent = new TusUpload(data.replace, file, { metadata: { filename: file.name, recording: data.recording } });
  input.disabled = true;
  sent.addEventListener("change", () => {
    const percent = Math.floor(100 * (sent.offset / Math.max(1, file.size)));
    setText(words, sent.state === "waiting" ? t("replace_waiting") : t("replace_sending", { percent }));
  });
  sent.addEventListener("done", () => location.assign(data.library));
  sent.addEventListener("failed", (event) => {
    const problem = /** @type {ApiError} */ (/** @type {CustomEvent} */ (event).detail);
    setText(words, problem.status && problem.detail ? problem.detail : t("not_saved"));
    input.disabled = false;
  });
  sent.start();
}

input.addEventListener("change", () => {
  const file = input.files?.[0];
  if (file) send(file);
  input.value = ""; // the same file again is a change, too
});
