// A room's scheduled lectures, in its settings: plan, change, call off. Owns the panel, and needs nothing else of the page.
import { ApiError, call } from "./api.js";
import { language, need, translator } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { hasLapsed } from "./start_words.js";
import { toast } from "./toast.js";

/** @typedef {import("./next_lecture.js").Scheduled} Scheduled */

const LOOK_MS = 60000; // one is held, or another hand plans
const MINUTE_MS = 60000;
const FARTHEST_DAYS = 731; // as the server's lecture_schedule.FARTHEST

const t = translator("scheduled-strings");
const root = need("#scheduled");
const api = `${root.dataset.api}/scheduled`;
const dialog = /** @type {HTMLDialogElement} */ (need("#plan-dialog"));
const form = /** @type {HTMLFormElement} */ (need("#plan-dialog form"));
const list = /** @type {HTMLElement} */ (need("#plans"));
const start = /** @type {HTMLInputElement} */ (need("#plan-start"));

/** @type {Scheduled | null} */ let changed = null; // null: a new one is planned

/** @param {unknown} error */
const wordsFor = (error) => (error instanceof ApiError && error.status && error.detail ? error.detail : t("no_answer"));

/** @param {string} id @param {string} words "" when it is good again */
function problem(id, words) {
  need(`#${id}`).hidden = !words;
  need(`#${id}-words`).textContent = words;
}

async function look() {
  try {
    draw((await call("GET", api)).scheduled);
    problem("scheduled-problem", "");
  } catch (error) {
    problem("scheduled-problem", wordsFor(error));
  }
}

/** Lines stay where they are, so that the focus does. @param {Scheduled[]} plans */
function draw(plans) {
  const ahead = plans.filter((plan) => !hasLapsed(plan.starts_at, serverNow()));
  const known = new Map([...list.children].map((line) => [/** @type {HTMLElement} */ (line).dataset.id ?? "", /** @type {HTMLElement} */ (line)]));
  for (const [at, plan] of ahead.entries()) {
    const line = known.get(plan.id) ?? newLine(plan.id);
    known.delete(plan.id);
    fill(line, plan);
    if (list.children[at] !== line) list.insertBefore(line, list.children[at] ?? null);
  }
  for (const line of known.values()) line.remove();
  list.hidden = !ahead.length;
  need("#no-scheduled").hidden = ahead.length !== 0;
}

/** @param {string} id @returns {HTMLElement} */
function newLine(id) {
  const line = /** @type {HTMLElement} */ (need("#plan-line").content.firstElementChild.cloneNode(true));
  line.dataset.id = id;
  return line;
}

/** @param {HTMLElement} line @param {Scheduled} plan */
function fill(line, plan) {
  need("strong", line).textContent = plan.title;
  need("time", line).dateTime = plan.starts_at;
  need("time", line).textContent = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(plan.starts_at));
  need('[data-field="length"]', line).textContent = t("minutes", { count: plan.minutes });
  const [change, callOff] = [need('[data-act="change"]', line), need('[data-act="call_off"]', line)];
  change.setAttribute("aria-label", t("change_it", plan));
  callOff.setAttribute("aria-label", t("call_off_it", plan));
  change.onclick = () => open(plan);
  callOff.onclick = () => askToCallOff(plan);
}

/** @param {Scheduled | null} plan null: a new one */
function open(plan) {
  changed = plan;
  need("#plan-dialog-title").textContent = t(plan ? "change_title" : "new_title");
  need("#plan-title").value = plan?.title ?? "";
  need("#plan-description").value = plan?.description ?? "";
  need("#plan-minutes").value = plan?.minutes ?? 90;
  start.max = localTime(serverNow() + FARTHEST_DAYS * 24 * 60 * MINUTE_MS);
  start.value = localTime(plan ? Date.parse(plan.starts_at) : nextFullHour());
  need("#plan-start-hint").textContent = t("zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
  problem("plan-problem", "");
  dialog.showModal();
}

/** @returns {number} ms; the first full hour that is at least an hour away */
const nextFullHour = () => Math.ceil((serverNow() + 60 * MINUTE_MS) / (60 * MINUTE_MS)) * 60 * MINUTE_MS;

/** As `datetime-local` wants it, in the reader's zone. @param {number} at ms */
function localTime(at) {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}

/** A start that was not touched is sent as it was, with its seconds. */
function chosenStart() {
  const same = changed && start.value === localTime(Date.parse(changed.starts_at));
  return same ? changed?.starts_at : new Date(start.value).toISOString();
}

async function save() {
  const words = {
    title: need("#plan-title").value, description: need("#plan-description").value,
    starts_at: chosenStart(), minutes: Number(need("#plan-minutes").value),
  };
  try {
    await (changed ? call("PATCH", `${api}/${changed.id}`, words) : call("POST", api, words));
  } catch (error) {
    problem("plan-problem", wordsFor(error));
    return;
  }
  dialog.close();
  toast(t(changed ? "saved" : "planned"));
  await look();
}

/** @param {Scheduled} plan */
function askToCallOff(plan) {
  const asked = /** @type {HTMLDialogElement} */ (need("#call-off-dialog"));
  need("#call-off-dialog-title").textContent = t("call_off_question", plan);
  asked.returnValue = "";
  asked.addEventListener("close", () => { if (asked.returnValue === "call-off") void callOff(plan); }, { once: true });
  asked.showModal();
}

/** @param {Scheduled} plan */
async function callOff(plan) {
  try {
    await call("DELETE", `${api}/${plan.id}`);
    toast(t("called_off"));
  } catch (error) {
    problem("scheduled-problem", wordsFor(error));
    return;
  }
  await look();
  need("#plan").focus();
}

need("#plan").addEventListener("click", () => open(null));
need("#plan-close").addEventListener("click", () => dialog.close());
form.addEventListener("submit", (event) => { event.preventDefault(); void save(); });
setInterval(look, LOOK_MS);
void look();
