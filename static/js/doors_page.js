// The admins' page of doors: allow and deny lists, and trying them.
import { ApiError, call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { toast } from "./toast.js";

/**
 * @typedef {{id: string, effect: string, kind: string, value: string, note: string}} Rule
 * @typedef {{rules: Rule[], found: number, total: number, added: number, removed: number, unfit: {line: number, value: string, reason: string}[], unfit_count: number}} Doors
 */

const FILTER_MS = 250;

const data = readJson("page"); // {api, try, told}
const text = /** @type {HTMLTextAreaElement} */ (need("#add-text"));
const filter = /** @type {HTMLInputElement} */ (need("#filter"));
const list = /** @type {HTMLSelectElement} */ (need("#filter-effect"));
let asked = 0;

/** @param {unknown} error */
const wordsFor = (error) => (error instanceof ApiError && error.status && error.detail ? error.detail : t("no_answer"));

/** @param {string} id @param {string} words "" when it is good again */
function problem(id, words) {
  need(`#${id}`).hidden = !words;
  need(`#${id}-words`).textContent = words;
}

/** With what the reader filters by. */
function address() {
  const url = new URL(data.api, location.href);
  if (filter.value.trim()) url.searchParams.set("q", filter.value.trim());
  if (list.value) url.searchParams.set("effect", list.value);
  return url.pathname + url.search;
}

/** @param {Doors} doors */
function draw({ rules, found, total }) {
  need("#rules tbody").replaceChildren(...rules.map(row));
  need("#rules").hidden = rules.length === 0;
  need("#no-rules").hidden = total !== 0;
  need("#count").textContent = total ? t(found > rules.length ? "shown_first" : "shown", { found, total, count: rules.length }) : "";
}

/** @param {Rule} rule */
function row(rule) {
  const line = document.createElement("tr");
  line.dataset.effect = rule.effect;
  for (const words of [t(`list_${rule.effect}`), t(`kind_${rule.kind}`), rule.value, rule.note]) line.insertCell().append(words);
  line.cells[3].className = "less"; // on a phone
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = t("remove");
  button.setAttribute("aria-label", t("remove_it", { name: rule.value }));
  button.addEventListener("click", () => void remove(rule));
  line.insertCell().append(button);
  return line;
}

/** @param {Rule} rule */
async function remove(rule) {
  try {
    const doors = await call("DELETE", address(), { ids: [rule.id] });
    draw(doors);
    problem("rules-problem", "");
    toast(t("removed", { count: doors.removed }));
    need("#count").focus();
  } catch (error) {
    problem("rules-problem", wordsFor(error));
  }
}

need("#add-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const effect = String(new FormData(/** @type {HTMLFormElement} */ (need("#add-form"))).get("effect"));
  try {
    added(await call("POST", address(), { effect, text: text.value }));
  } catch (error) {
    need("#unfit").replaceChildren();
    problem("add-problem", wordsFor(error));
  }
});

/** @param {Doors} doors */
function added(doors) {
  draw(doors);
  need("#unfit").replaceChildren(...doors.unfit.map((one) => {
    const line = document.createElement("li");
    line.textContent = t("unfit_line", one);
    return line;
  }));
  problem("add-problem", doors.unfit_count ? t("unfit", { count: doors.unfit_count }) : "");
  if (doors.unfit_count) return;
  text.value = "";
  toast(t("added", { count: doors.added }));
}

need("#add-file").addEventListener("change", async (/** @type {Event} */ event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  const file = field.files?.[0];
  if (file) text.value = await file.text();
  field.value = "";
  text.focus();
});

async function look() {
  const mine = (asked += 1);
  try {
    const doors = await call("GET", address());
    if (mine === asked) draw(doors);
  } catch (error) {
    problem("rules-problem", wordsFor(error));
  }
}

let typing = 0;
filter.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, FILTER_MS); });
list.addEventListener("change", () => void look());
need("#filter-form").addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); void look(); });

need("#try-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const [user, from] = ["#try-user", "#try-address"].map((id) => /** @type {HTMLInputElement} */ (need(id)).value.trim());
  try {
    tell(await call("POST", data.try, { user_id: user, address: from }));
    problem("try-problem", "");
  } catch (error) {
    tell(null);
    problem("try-problem", wordsFor(error));
  }
});

/** @param {{let_in: boolean, words: string, lookup_words: string} | null} answer */
function tell(answer) {
  need("#tried-in").hidden = answer === null || !answer.let_in;
  need("#tried-out").hidden = answer === null || answer.let_in;
  need("#tried-words").textContent = answer?.words ?? "";
  need("#tried-lookup").textContent = answer?.lookup_words ?? "";
  need("#tried").dataset.letIn = answer === null ? "" : answer.let_in ? "yes" : "no";
}

draw(data.told);
document.documentElement.dataset.ready = "doors";
