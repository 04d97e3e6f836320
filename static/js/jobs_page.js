// The page of jobs: what runs, waits, failed and has ended, kept new by itself; do again, stop, read the end of a log.
import { ApiError, call, ownAddress } from "./api.js";
import { JobLines } from "./job_lines.js";
import { endedOf, nameOf } from "./job_words.js";
import { need, readJson, t } from "./page_data.js";
import { SteadyPoll } from "./steady_poll.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";

/** @typedef {import("./job_words.js").Job} Job */
/** @typedef {import("./job_words.js").Jobs} Jobs */

const POLL_MS = 2000;
const NAMES = /** @type {const} */ (["running", "waiting", "failed", "ended"]);

const data = readJson("page"); // {api, told: Jobs}
/** @type {Jobs} */ let first = data.told;
/** @type {Job[]} */ let older = []; // pages behind the first
/** @type {string | null | undefined} */ let behind; // where they go on; undefined while there are none
const lists = Object.fromEntries(NAMES.map((name) => [name, new JobLines(need(`#${name}`), need("#job-line"))]));

/** @param {string} [before] @returns {Promise<Jobs>} Throws ApiError. */
async function ask(before) {
  const told = await call("GET", before ? `${data.api}?${new URLSearchParams({ before })}` : data.api, undefined, { cache: "no-cache" });
  const own = (/** @type {Job} */ job) => ({ ...job, url: job.url && ownAddress(job.url) });
  return { ...told, ...Object.fromEntries(NAMES.map((name) => [name, told[name].map(own)])) };
}

function draw() {
  const ended = endedOf(first, older);
  for (const name of NAMES) {
    const jobs = name === "ended" ? ended : first[name];
    lists[name].draw(jobs);
    need(`#${name}-section`).hidden = !jobs.length;
    if (name !== "ended") setText(need(`#${name}-count`), String(first.counts[name]));
  }
  const open = first.running.length + first.waiting.length;
  need("#nothing").hidden = open + first.failed.length + ended.length > 0;
  need("#quiet").hidden = open > 0 || !need("#nothing").hidden;
  need("#more").hidden = !(behind === undefined ? first.more : behind);
}

async function look() {
  try {
    first = await ask();
    trouble("");
    draw();
  } catch (error) {
    trouble(wordsFor(error));
    throw error;
  }
}

async function showMore() {
  const button = need("#more");
  const before = behind === undefined ? first.more : behind;
  if (!before || button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const known = need("#ended").children.length;
  try {
    const told = await ask(before);
    older = [...older, ...told.ended];
    behind = told.more;
    draw();
    // The keyboard goes on where the new ones begin, for the button may be gone.
    if (button.hidden) need("#ended").children[known]?.querySelector("a, button:not([hidden])")?.focus();
  } catch (error) {
    trouble(wordsFor(error));
  }
  button.removeAttribute("aria-busy");
}

/** @param {string} section @param {"cancel" | "retry"} act @param {Job} job */
async function act(section, act, job) {
  try {
    await call("POST", `${data.api}/${job.id}/${act}`, {});
    toast(t(act === "cancel" ? "was_cancelled" : "was_retried", { name: nameOf(job, t) }));
  } catch (error) {
    toast(wordsFor(error));
  }
  await poll.now();
  // Its line is elsewhere now: the keyboard goes on at the list that it was in.
  if (document.activeElement === document.body) need(`#${section}-title`).focus();
}

/** @param {Job} job @param {(words: string) => void} show */
async function showLog(job, show) {
  try {
    show((await call("GET", `${data.api}/${job.id}`)).log ?? "");
  } catch (error) {
    show(wordsFor(error));
  }
}

/** @param {unknown} error */
function wordsFor(error) {
  return error instanceof ApiError && error.detail && error.status ? error.detail : t("no_answer");
}

/** @param {string} words "" when it is good again */
function trouble(words) {
  need("#trouble").hidden = !words;
  setText(need("#trouble-words"), words);
}

for (const name of NAMES) {
  lists[name].addEventListener("act", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    void act(name, detail.act, detail.job);
  });
  lists[name].addEventListener("log", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    void showLog(detail.job, detail.show);
  });
}
need("#more").addEventListener("click", () => void showMore());

draw();
const poll = new SteadyPoll(look, POLL_MS);
poll.start();
window.addEventListener("pageshow", (event) => { if (event.persisted) void poll.now(); });
