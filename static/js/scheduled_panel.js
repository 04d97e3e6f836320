// A room's scheduled lectures, in its settings: plan, change, call off. Owns the panel, and needs nothing else of the page.
import { ApiError, call } from "./api.js";
import { language, need, translator } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { hasLapsed } from "./start_words.js";
import { toast } from "./toast.js";

/** @typedef {import("./next_lecture.js").Scheduled} Scheduled */

const LOOK_MS = 60000; // one is held, or another hand plans
const MINUTE_MS = 60000;

const t = translator("scheduled-strings");
const root = need("#scheduled");
const api = `${root.dataset.api}/scheduled`;
const dialog = /** @type {HTMLDialogElement} */ (need("#plan-dialog"));
const form = /** @type {HTMLFormElement} */ (need("#plan-dialog form"));
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

/** @param {Scheduled[]} plans */
function draw(plans) {
  const ahead = plans.filter((plan) => !hasLapsed(plan.starts_at, serverNow()));
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key;
  need("#scheduled tbody").replaceChildren(...ahead.map(row));
  if (focused) /** @type {HTMLElement | null} */ (root.querySelector(`[data-key="${focused}"]`))?.focus();
  need("#scheduled table").hidden = !ahead.length;
  need("#no-scheduled").hidden = ahead.length !== 0;
}

/** @param {Scheduled} plan @returns {HTMLTableRowElement} */
function row(plan) {
  const line = document.createElement("tr");
  line.dataset.id = plan.id;
  const time = document.createElement("time");
  time.dateTime = plan.starts_at;
  time.textContent = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(plan.starts_at));
  line.insertCell().append(time);
  line.insertCell().textContent = plan.title;
  const length = line.insertCell();
  length.className = "less"; // on a phone
  length.textContent = t("minutes", { count: plan.minutes });
  const acts = document.createElement("div");
  acts.className = "row";
  acts.append(
    button("change", plan, t("change"), t("change_it", plan), () => open(plan)),
    button("call-off", plan, t("call_off"), t("call_off_it", plan), () => askToCallOff(plan)),
  );
  line.insertCell().append(acts);
  return line;
}

/** @param {string} act @param {Scheduled} plan @param {string} words @param {string} name @param {() => void} then */
function button(act, plan, words, name, then) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.key = `${act} ${plan.id}`;
  made.textContent = words;
  made.setAttribute("aria-label", name);
  made.addEventListener("click", then);
  return made;
}

/** @param {Scheduled | null} plan null: a new one */
function open(plan) {
  changed = plan;
  need("#plan-dialog-title").textContent = t(plan ? "change_title" : "new_title");
  need("#plan-title").value = plan?.title ?? "";
  need("#plan-description").value = plan?.description ?? "";
  need("#plan-minutes").value = plan?.minutes ?? 90;
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
