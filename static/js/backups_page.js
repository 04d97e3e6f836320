// The page of backups: makes and checks them now, shows what is on its way, and brings recordings back.
import { ApiError, call } from "./api.js";
import { JobLines } from "./job_lines.js";
import { nameOf } from "./job_words.js";
import { language, need, readJson, t } from "./page_data.js";
import { SteadyPoll } from "./steady_poll.js";
import { drawTimes, setText } from "./times.js";
import { toast } from "./toast.js";

/** @typedef {import("./job_words.js").Job} Job */
/** @typedef {{id: string, title: string, lecturer: string, room: string, started_at: string, seconds: number, generation: string, generation_at: string, gone: string | null}} Kept */

/** @typedef {{slug: string, title: string, owner: string | null, owner_here: boolean, slug_free: boolean, recordings: number, generation: string, generation_at: string}} KeptRoom */

const POLL_MS = 2000;
const LOOK_MS = 120_000; // a bucket may be far
const PARTS = ["#standing", "#generations", "#results"]; // what the server draws anew once a job has ended

const data = readJson("page"); // {api, jobs_api, jobs: Job[]}
const lines = new JobLines(need("#jobs"), need("#job-line"));
/** @type {Set<string>} jobs that were open at the last look */ let open = new Set();

/** @param {Job[]} jobs @returns {boolean} whether one has ended since the last look */
function draw(jobs) {
  const shown = jobs.filter((job) => job.state !== "cancelled");
  lines.draw(shown);
  need("#jobs-section").hidden = !shown.length;
  const now = new Set(jobs.filter(({ state }) => state === "running" || state === "waiting").map(({ id }) => id));
  const ended = [...open].some((id) => !now.has(id));
  open = now;
  return ended;
}

async function look() {
  try {
    const told = await call("GET", data.api, undefined, { cache: "no-cache" });
    need("#trouble").hidden = true;
    if (draw(told.jobs)) await Promise.all([renew(), find()]);
  } catch (error) {
    trouble(error);
    throw error;
  }
}

/** The server draws what has changed; focus stays where its element is not drawn anew. */
async function renew() {
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of PARTS) {
    const fresh = page.querySelector(part);
    if (fresh && !need(part).contains(document.activeElement)) need(part).replaceWith(document.adoptNode(fresh));
  }
  drawTimes();
  drawNext();
}

/** @param {string} what */
async function order(what) {
  try {
    await call("POST", data.api, { what });
    toast(t("ordered"));
    await poll.now();
    need("#jobs-title").focus();
  } catch (error) {
    toast(wordsFor(error));
  }
}

let finding = 0;

async function find() {
  const turn = ++finding;
  const chosen = new URLSearchParams({ q: need("#words").value.trim() });
  const generation = need("#generation").value;
  if (generation) chosen.set("generation", generation);
  setText(need("#looked"), t("looking"));
  try {
    const told = await call("GET", `${data.api}/recordings?${chosen}`, undefined, { timeoutMs: LOOK_MS });
    if (turn === finding) show(told.recordings, told.rooms);
  } catch (error) {
    if (turn === finding) setText(need("#looked"), wordsFor(error));
  }
}

/** @param {Kept[]} found @param {KeptRoom[]} rooms */
function show(found, rooms) {
  const count = found.length + rooms.length;
  setText(need("#looked"), count ? t("found", { count }) : t("nothing_found"));
  need("#found").replaceChildren(...rooms.map(roomLine), ...found.map(lineOf));
  drawTimes(need("#found"));
}

/** @param {Kept} kept */
function lineOf(kept) {
  const line = need("#found-line").content.firstElementChild.cloneNode(true);
  line.dataset.id = kept.id;
  setText(need('[data-field="title"]', line), kept.title || t("untitled"));
  setText(need('[data-field="lecturer"]', line), kept.lecturer);
  setText(need('[data-field="room"]', line), kept.room);
  need("time", line).dateTime = kept.started_at;
  need("[data-seconds]", line).dataset.seconds = String(Math.round(kept.seconds));
  const state = need('[data-field="state"]', line);
  state.hidden = kept.gone === "removed";
  if (!state.hidden) setText(state, kept.gone === "trash" ? t("in_trash") : t("is_here"));
  const button = need("button", line);
  button.setAttribute("aria-label", t("bring_back", { title: kept.title || t("untitled") }));
  button.addEventListener("click", () => void bringBack(kept));
  return line;
}

/** @param {KeptRoom} kept */
function roomLine(kept) {
  const line = need("#room-line").content.firstElementChild.cloneNode(true);
  line.dataset.room = kept.slug;
  setText(need('[data-field="title"]', line), kept.title);
  setText(need('[data-field="address"]', line), `/rooms/${kept.slug}`);
  setText(need('[data-field="owner"]', line), kept.owner ?? "");
  setText(need('[data-field="recordings"]', line), t("recordings", { count: kept.recordings }));
  const button = need("button", line);
  button.setAttribute("aria-label", t("bring_back", { title: kept.title }));
  button.addEventListener("click", () => openRoom(kept));
  return line;
}

/** @type {KeptRoom | null} whose dialog is open */ let room = null;

/** @param {KeptRoom} kept */
function openRoom(kept) {
  room = kept;
  setText(need("#room-words"), t("return_question", { title: kept.title, date: dayOf(kept) }));
  need("#room-problem").hidden = true;
  need("#room-slug").value = kept.slug_free ? kept.slug : "";
  need("#room-taken").hidden = kept.slug_free;
  need("#room-owner-field").hidden = kept.owner_here;
  need("#room-owner").required = !kept.owner_here;
  need("#room-owner").value = "";
  /** @type {HTMLDialogElement} */ (need("#room-dialog")).showModal();
}

/** @param {{generation_at: string}} kept */
function dayOf(kept) {
  return new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "short" }).format(new Date(kept.generation_at));
}

/** @param {Kept} kept */
async function bringBack(kept) {
  const day = dayOf(kept);
  const words = kept.gone ? t("return_question", { title: kept.title, date: day }) : t("replace_question", { title: kept.title, date: day });
  setText(need("#return-words"), words);
  if (!(await asked("#return-dialog"))) return;
  await restore(kept.generation, { recording: kept.id });
}

/** @param {string} generation @param {{recording?: string, to?: string}} what */
async function restore(generation, what) {
  try {
    await call("POST", `${data.api}/${encodeURIComponent(generation)}/restore`, what);
    toast(t("restoring"));
    await poll.now();
    need("#jobs-title").focus();
  } catch (error) {
    toast(wordsFor(error));
  }
}

/** @param {string} selector of a dialog whose form has the method `dialog` @returns {Promise<boolean>} */
function asked(selector) {
  const dialog = /** @type {HTMLDialogElement} */ (need(selector));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function drawNext() {
  const next = document.querySelector("time[data-next]");
  if (!(next instanceof HTMLTimeElement)) return;
  setText(next, new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "short" }).format(new Date(next.dateTime)));
}

/** @param {unknown} error */
function wordsFor(error) {
  return error instanceof ApiError && error.detail && error.status ? error.detail : t("no_answer");
}

/** @param {unknown} error */
function trouble(error) {
  need("#trouble").hidden = false;
  setText(need("#trouble-words"), wordsFor(error));
}

/** @param {HTMLElement} button */
async function openRestore(button) {
  const dialog = /** @type {HTMLDialogElement} */ (need("#all-dialog"));
  dialog.dataset.generation = button.dataset.restore;
  need("#all-problem").hidden = true;
  setText(need("#all-need"), t("needs", { size: button.dataset.bytes ?? "" }));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  if (button.dataset.what === "drill") void asked("#drill-dialog").then((yes) => { if (yes) void order("drill"); });
  else if (button.dataset.what) void order(button.dataset.what);
  else if (button.dataset.restore) void openRestore(button);
  else if (button.dataset.close !== undefined) button.closest("dialog")?.close();
});

need("#all-dialog form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const dialog = /** @type {HTMLDialogElement} */ (need("#all-dialog"));
  try {
    await call("POST", `${data.api}/${encodeURIComponent(dialog.dataset.generation ?? "")}/restore`, { to: need("#all-to").value.trim() });
    dialog.close();
    toast(t("restoring"));
    await poll.now();
    need("#jobs-title").focus();
  } catch (error) {
    need("#all-problem").hidden = false;
    setText(need("#all-problem-words"), wordsFor(error));
  }
});

need("#room-dialog form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  if (!room) return;
  const slug = need("#room-slug").value.trim();
  const owner = need("#room-owner").value.trim();
  const what = { room: room.slug, ...(slug === room.slug ? {} : { slug }), ...(owner ? { owner } : {}) };
  try {
    await call("POST", `${data.api}/${encodeURIComponent(room.generation)}/restore`, what);
    /** @type {HTMLDialogElement} */ (need("#room-dialog")).close();
    toast(t("restoring"));
    await poll.now();
    need("#jobs-title").focus();
  } catch (error) {
    need("#room-problem").hidden = false;
    setText(need("#room-problem-words"), wordsFor(error));
  }
});

need("#look").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  void find();
});
need("#generation").addEventListener("change", () => void find());

lines.addEventListener("act", async (event) => {
  const { act, job } = /** @type {CustomEvent} */ (event).detail;
  try {
    await call("POST", `${data.jobs_api}/${job.id}/${act}`, {});
    toast(t(act === "cancel" ? "was_cancelled" : "was_retried", { name: nameOf(job, t) }));
  } catch (error) {
    toast(wordsFor(error));
  }
  await poll.now();
});
lines.addEventListener("log", async (event) => {
  const { job, show: tell } = /** @type {CustomEvent} */ (event).detail;
  try {
    tell((await call("GET", `${data.jobs_api}/${job.id}`)).log ?? "");
  } catch (error) {
    tell(wordsFor(error));
  }
});

for (const option of /** @type {HTMLSelectElement} */ (need("#generation")).options) {
  if (option.dataset.at) option.text = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(option.dataset.at));
}
draw(data.jobs);
drawNext();
const poll = new SteadyPoll(look, POLL_MS);
poll.start();
void find();
