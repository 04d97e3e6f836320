// Uploads into the library: the dialog that begins one, and the list of what is on its way. Loaded for who may upload.
import { ApiError, call, ownAddress } from "./api.js";
import { byteSize } from "./figures.js";
import { language, need, readJson, t } from "./page_data.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";
import { TusUpload } from "./tus_upload.js";
import { UploadLines } from "./upload_lines.js";
import { isBusy } from "./upload_words.js";

/** @typedef {import("./upload_words.js").Upload} Upload */

const BUSY_MS = 1500;
const CALM_MS = 15000;

/** @type {{api: string, told: Upload[], max_bytes: number}} */
const data = readJson("page").uploads;
const lines = new UploadLines(need("#upload-lines"), need("#upload-line"));
const dialog = /** @type {HTMLDialogElement} */ (need("#upload-dialog"));
const chosen = /** @type {HTMLInputElement} */ (need("#upload-file"));
const title = /** @type {HTMLInputElement} */ (need("#upload-title"));

let uploads = data.told;
/** @type {Upload[]} what got ready while this page was open */ let arrived = [];
/** @type {Map<string, TusUpload>} path of its address → what this page sends */
const sending = new Map();
let timer = 0;

/** @param {Upload} upload */
const sentOf = (upload) => (upload.upload_url ? sending.get(new URL(upload.upload_url).pathname) : undefined);

function draw() {
  const all = [...uploads, ...arrived];
  need("#uploads").hidden = all.length === 0;
  lines.draw(all, sentOf);
}

async function look() {
  clearTimeout(timer);
  try {
    const told = await call("GET", data.api);
    await findArrived(told.uploads);
    uploads = told.uploads;
    draw();
  } catch {
    // The list stays as it was; the next look is soon.
  }
  timer = window.setTimeout(look, uploads.some((one) => isBusy(one, sentOf(one))) ? BUSY_MS : CALM_MS);
}

/** What is not on its way any more is in the library, or was given up. @param {Upload[]} now */
async function findArrived(now) {
  const left = new Set(now.map((one) => one.id));
  for (const one of uploads.filter((known) => !left.has(known.id))) {
    const told = await call("GET", `${data.api}/${encodeURIComponent(one.id)}`).catch((error) => {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    });
    if (told?.state !== "ready") continue;
    arrived = [told, ...arrived];
    toast(t("upload_was_ready", told));
  }
}

/** @param {TusUpload} sent */
function send(sent) {
  let listed = false;
  const forget = () => { if (sent.url) sending.delete(new URL(sent.url, location.href).pathname); };
  sent.addEventListener("change", () => {
    if (sent.url && !listed) {
      listed = true;
      sending.set(new URL(sent.url, location.href).pathname, sent);
      void look();
    }
    draw();
  });
  sent.addEventListener("done", () => { forget(); void look(); });
  sent.addEventListener("failed", (event) => {
    forget();
    trouble(/** @type {CustomEvent} */ (event).detail);
    void look();
  });
  trouble(null);
  sent.start();
}

/** @param {unknown} error null when it is good again */
function trouble(error) {
  need("#trouble").hidden = !error;
  if (error) setText(need("#trouble-words"), error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved"));
}

/** @param {string} words "" when it is good again */
function problem(words) {
  need("#upload-problem").hidden = !words;
  setText(need("#upload-problem-words"), words);
}

/** @param {File | undefined} file @returns {string} what is wrong with it, "" if nothing is */
function wrongWith(file) {
  if (!file) return "";
  if (file.size === 0) return t("upload_failed_empty");
  return file.size > data.max_bytes ? t("upload_too_large", { size: byteSize(data.max_bytes, language()) }) : "";
}

function onChosen() {
  const file = chosen.files?.[0];
  problem(wrongWith(file));
  if (file && !title.value) title.value = file.name.replace(/\.[^.]{1,5}$/, "").slice(0, title.maxLength);
}

/** @param {SubmitEvent} event */
function onSubmit(event) {
  const file = chosen.files?.[0];
  if (!file) return;
  const wrong = wrongWith(file);
  problem(wrong);
  if (wrong) { event.preventDefault(); return; }
  const metadata = {
    filename: file.name,
    title: title.value,
    language: need("#upload-language").value,
    visibility: need("#upload-visibility").value,
  };
  send(new TusUpload(data.api, file, { metadata }));
  need("form", dialog).reset();
}

/** @param {Upload} upload @param {File | null} file */
function goOn(upload, file) {
  if (!file) return;
  if (file.size !== upload.bytes) { toast(t("upload_other_file")); return; }
  const sent = new TusUpload(data.api, file);
  sent.url = ownAddress(upload.upload_url ?? "");
  send(sent);
}

/** @param {Upload} upload */
async function remove(upload) {
  const sent = sentOf(upload);
  try {
    if (sent) {
      await sent.cancel();
      sending.delete(new URL(upload.upload_url ?? "").pathname);
    } else {
      await call("DELETE", `${data.api}/${encodeURIComponent(upload.id)}`);
    }
    uploads = uploads.filter((one) => one.id !== upload.id);
    need("#upload-open").focus();
  } catch (error) {
    trouble(error);
  }
  await look();
}

/** @param {Upload} upload */
async function retry(upload) {
  try {
    await call("POST", `${data.api}/${encodeURIComponent(upload.id)}/retry`);
  } catch (error) {
    trouble(error);
  }
  await look();
}

lines.addEventListener("act", (event) => {
  const { act, upload, file } = /** @type {CustomEvent} */ (event).detail;
  if (act === "choose") goOn(upload, file);
  if (act === "pause") sentOf(upload)?.pause();
  if (act === "resume") sentOf(upload)?.start();
  if (act === "retry") void retry(upload);
  if (act === "remove") void remove(upload);
});
need("#upload-open").addEventListener("click", () => { problem(""); dialog.showModal(); });
need("#upload-cancel").addEventListener("click", () => dialog.close());
chosen.addEventListener("change", onChosen);
need("form", dialog).addEventListener("submit", onSubmit);
draw();
void look();
