// A list of jobs: one line each, which stays the same element while its job is listed, so that focus and what is unfolded stay.
import { kindOf, nameOf, placeOf, reasonOf, standOf } from "./job_words.js";
import { language, need, t } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { drawTimes, setText } from "./times.js";

/** @typedef {import("./job_words.js").Job} Job */

/** Events: `act` (detail: {act: "cancel" | "retry", job}), `log` (detail: {job, show}). */
export class JobLines extends EventTarget {
  /** @type {Map<string, {line: HTMLElement, job: Job, shown: number}>} `shown`: the attempt whose log is */
  #lines = new Map();

  /** @param {HTMLElement} list @param {HTMLTemplateElement} template */
  constructor(list, template) {
    super();
    this.list = list;
    this.template = template;
  }

  /** @param {Job[]} jobs */
  draw(jobs) {
    const left = new Set(this.#lines.keys());
    for (const [place, job] of jobs.entries()) {
      left.delete(job.id);
      const line = this.#line(job);
      if (this.list.children[place] !== line) this.list.insertBefore(line, this.list.children[place] ?? null);
      fill(line, job);
      this.#renewLog(job.id);
    }
    for (const id of left) {
      this.#lines.get(id)?.line.remove();
      this.#lines.delete(id);
    }
    drawTimes(this.list);
  }

  /** @param {Job} job @returns {HTMLElement} */
  #line(job) {
    const known = this.#lines.get(job.id);
    if (known) {
      known.job = job;
      return known.line;
    }
    const line = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (this.template.content.firstElementChild).cloneNode(true));
    line.dataset.id = job.id;
    this.#lines.set(job.id, { line, job, shown: -1 });
    for (const button of line.querySelectorAll("button")) {
      button.addEventListener("click", () => this.#tell("act", job.id, { act: button.dataset.act }));
    }
    need("details", line).addEventListener("toggle", () => this.#renewLog(job.id));
    return line;
  }

  /** Asks for the log of an unfolded line whose newest attempt's is not shown. @param {string} id */
  #renewLog(id) {
    const known = this.#lines.get(id);
    if (!known || !need("details", known.line).open || known.shown === known.job.attempt) return;
    known.shown = known.job.attempt;
    this.#tell("log", id, { show: (/** @type {string} */ words) => setText(need("pre", known.line), words) });
  }

  /** @param {string} name @param {string} id @param {Record<string, unknown>} detail */
  #tell(name, id, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail: { ...detail, job: this.#lines.get(id)?.job } }));
  }
}

/** @param {HTMLElement} line @param {Job} job */
function fill(line, job) {
  const { state } = job;
  line.dataset.state = state;
  setText(need('[data-field="kind"]', line), kindOf(job, t));
  const title = need('[data-field="title"]', line);
  setText(title, job.title ?? "");
  if (job.url) title.href = job.url;
  setText(need('[data-field="stand"]', line), standOf(job, t, language(), serverNow()));
  setText(need('[data-field="place"]', line), placeOf(job, t));
  const at = need("time", line);
  at.dateTime = (state === "waiting" ? job.created_at : job.finished_at ?? job.started_at) ?? job.created_at;
  const reason = reasonOf(job);
  need('[data-field="reason"]', line).hidden = !reason;
  setText(need('[data-field="reason"]', line), reason);
  const progress = need("progress", line);
  progress.hidden = state !== "running";
  progress.value = job.progress;
  progress.setAttribute("aria-label", nameOf(job, t));
  need("details", line).hidden = !job.has_log;
  const open = state === "running" || state === "waiting";
  button(line, "cancel", open, t("cancel_job", { name: nameOf(job, t) }));
  button(line, "retry", !open && state !== "done", t("retry_job", { name: nameOf(job, t) }));
}

/** @param {HTMLElement} line @param {string} act @param {boolean} shown @param {string} name */
function button(line, act, shown, name) {
  const found = need(`[data-act="${act}"]`, line);
  found.hidden = !shown;
  found.setAttribute("aria-label", name);
}
