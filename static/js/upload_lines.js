// The list of uploads: one line each, which stays the same element while it is listed, so that focus stays.
import { language, need, t } from "./page_data.js";
import { setText } from "./times.js";
import { actsOf, reasonOf, shareOf, standOf } from "./upload_words.js";

/** @typedef {import("./upload_words.js").Upload} Upload @typedef {import("./upload_words.js").Sent} Sent @typedef {import("./upload_words.js").Act} Act */

/** Events: `act` (detail: {act, upload, file: File | null}). */
export class UploadLines extends EventTarget {
  /** @type {Map<string, {line: HTMLElement, upload: Upload}>} */ #lines = new Map();

  /** @param {HTMLElement} list @param {HTMLTemplateElement} template */
  constructor(list, template) {
    super();
    this.list = list;
    this.template = template;
  }

  /** @param {Upload[]} uploads @param {(upload: Upload) => Sent | undefined} sentOf */
  draw(uploads, sentOf) {
    const left = new Set(this.#lines.keys());
    for (const [place, upload] of uploads.entries()) {
      left.delete(upload.id);
      const line = this.#line(upload);
      if (this.list.children[place] !== line) this.list.insertBefore(line, this.list.children[place] ?? null);
      fill(line, upload, sentOf(upload));
    }
    for (const id of left) {
      this.#lines.get(id)?.line.remove();
      this.#lines.delete(id);
    }
  }

  /** @param {Upload} upload @returns {HTMLElement} */
  #line(upload) {
    const known = this.#lines.get(upload.id);
    if (known) {
      known.upload = upload;
      return known.line;
    }
    const line = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (this.template.content.firstElementChild).cloneNode(true));
    line.dataset.id = upload.id;
    this.#lines.set(upload.id, { line, upload });
    for (const button of line.querySelectorAll("button")) {
      button.addEventListener("click", () => this.#tell(upload.id, button.dataset.act ?? "", null));
    }
    const input = /** @type {HTMLInputElement} */ (need("input", line));
    input.id = `file-of-${upload.id}`;
    need("label", line).htmlFor = input.id;
    input.addEventListener("change", () => {
      this.#tell(upload.id, "choose", input.files?.[0] ?? null);
      input.value = ""; // the same file again is a change, too
    });
    return line;
  }

  /** @param {string} id @param {string} act @param {File | null} file */
  #tell(id, act, file) {
    this.dispatchEvent(new CustomEvent("act", { detail: { act, file, upload: this.#lines.get(id)?.upload } }));
  }
}

/** @param {HTMLElement} line @param {Upload} upload @param {Sent | undefined} sent */
function fill(line, upload, sent) {
  line.dataset.state = upload.state;
  setText(need('[data-field="title"]', line), upload.title);
  setText(need('[data-field="stand"]', line), standOf(upload, sent, t, language()));
  const reason = reasonOf(upload, t);
  need('[data-field="reason"]', line).hidden = !reason;
  setText(need('[data-field="reason"]', line), reason);
  const share = shareOf(upload, sent);
  const progress = need("progress", line);
  progress.hidden = share === null;
  progress.value = share ?? 0;
  progress.setAttribute("aria-label", upload.title);
  const acts = actsOf(upload, sent);
  const names = {
    choose: t("upload_choose", upload),
    pause: t("upload_pause", upload),
    resume: t("upload_resume", upload),
    retry: t("upload_retry", upload),
    watch: t("upload_watch", upload),
    remove: t("upload_give_up", upload),
  };
  for (const [act, name] of Object.entries(names)) {
    const found = need(`[data-act="${act}"]`, line);
    found.hidden = !acts.has(/** @type {Act} */ (act));
    (act === "choose" ? need("input", found) : found).setAttribute("aria-label", name);
  }
  need('[data-act="watch"]', line).href = upload.url;
}
