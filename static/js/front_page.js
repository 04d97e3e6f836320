// The front page: what is live comes, changes and goes by itself; search as one types; more recordings without a new page.
import { ApiError, call, ownAddress } from "./api.js";
import { drawLive, drawRecordings, drawScheduled } from "./lecture_cards.js";
import { extended, renewed } from "./lecture_list.js";
import { need, readJson, t } from "./page_data.js";
import { SteadyPoll } from "./steady_poll.js";
import { setText } from "./times.js";

/** @typedef {import("./lecture_list.js").Lectures} Lectures */

const POLL_MS = 4000;
const TYPING_MS = 250;
const SLOW_MS = 300; // what takes longer shows that something is coming

const data = readJson("page"); // {api, search, first: bool, told: Lectures, said: Said}
const box = /** @type {HTMLInputElement} */ (need("#q"));
const moreLink = /** @type {HTMLAnchorElement} */ (need("#more"));
const ownRoom = /** @type {HTMLElement | null} */ (document.querySelector("[data-own-room]"));

/** @type {Lectures} */ let known = data.told;
/** @type {import("./said_list.js").Said} */ let said = data.said;
let search = data.search;
let asked = 0; // how often the question changed: an answer to an older one is dropped

/** @param {string | null} before @returns {Promise<Lectures>} Throws ApiError. */
async function ask(before) {
  const question = new URLSearchParams({ ...(search ? { q: search } : {}), ...(before ? { before } : {}) });
  const told = await call("GET", `${data.api}?${question}`, undefined, { cache: "no-cache" });
  const pictures = (/** @type {any} */ one) => Object.fromEntries(["thumbnail_url", "poster_url"].map((name) => [name, one[name] && ownAddress(one[name])]));
  const own = (/** @type {any} */ one) => ({ ...one, url: ownAddress(one.url), ...pictures(one) });
  return { ...told, live: told.live.map(own), scheduled: told.scheduled.map(own), recordings: told.recordings.map(own) };
}

function draw() {
  const { live, scheduled, recordings } = known;
  drawRecordings(need("#recordings"), recordings);
  if (data.first) {
    drawLive(need("#live"), live);
    need("#live-section").hidden = search && !live.length;
    need("#no-live").hidden = search || live.length;
    drawScheduled(need("#scheduled"), scheduled);
    need("#scheduled-section").hidden = !scheduled.length;
  }
  need("#recordings-section").hidden = search && !recordings.length;
  need("#no-recordings").hidden = search || recordings.length;
  need("#nothing").hidden = !search || live.length || scheduled.length || recordings.length || said.recordings.length;
  setText(need("#nothing p"), t("nothing_found", { words: search }));
  moreLink.hidden = !known.more;
  moreLink.href = `/?${new URLSearchParams({ ...(search ? { q: search } : {}), before: known.more ?? "" })}`;
  if (ownRoom) need("#own-live").hidden = !live.some(({ room }) => room === ownRoom.dataset.ownRoom);
}

/** The first page anew, with what had been added behind it. */
async function look() {
  const question = asked;
  try {
    const first = await ask(null);
    trouble("");
    if (question !== asked) return;
    known = renewed(known, first);
    draw();
  } catch (error) {
    trouble(wordsFor(error));
    throw error;
  }
}

/** @param {unknown} error */
function wordsFor(error) {
  return error instanceof ApiError && error.status === 429 ? error.detail : t("no_answer");
}

/** @param {string} words "" when it is good again */
function trouble(words) {
  need("#trouble").hidden = !words;
  setText(need("#trouble-words"), words);
}

/** While something is on its way. @param {Promise<Lectures>} work @param {(told: Lectures) => void} then */
async function showComing(work, then) {
  const question = asked;
  const slow = setTimeout(() => {
    need("#recordings-section").hidden = false;
    need("#coming").hidden = false;
    need("#no-recordings").hidden = true;
  }, SLOW_MS);
  try {
    const told = await work;
    if (question !== asked) return;
    trouble("");
    then(told);
    draw();
  } catch (error) {
    if (question === asked) trouble(wordsFor(error));
  } finally {
    clearTimeout(slow);
    if (question === asked) need("#coming").hidden = true;
  }
}

/** By title and lecturer, and what was said. @returns {Promise<Lectures>} Throws ApiError. */
async function askAll() {
  const question = asked;
  const [told, found] = await Promise.all([ask(null), search ? askSaid(null) : { recordings: [], more: null }]);
  if (question === asked) await showSaid(found);
  return told;
}

/** @param {string | null} before @returns {Promise<import("./said_list.js").Said>} Throws ApiError. */
async function askSaid(before) {
  const words = search;
  const { askWhatWasSaid } = await import("./said_list.js");
  return await askWhatWasSaid(words, before);
}

/** @param {import("./said_list.js").Said} found */
async function showSaid(found) {
  said = found;
  const { drawSaid } = await import("./said_list.js");
  drawSaid(said, search);
}

async function showMoreSaid() {
  const link = need("#said-more");
  if (!said.more || link.getAttribute("aria-busy") === "true") return;
  link.setAttribute("aria-busy", "true");
  const [question, before] = [asked, said.recordings.length];
  try {
    const next = await askSaid(said.more);
    if (question !== asked) return;
    await showSaid({ recordings: [...said.recordings, ...next.recordings], more: next.more });
    need("#said").children[before]?.querySelector("a").focus();
  } catch (error) {
    trouble(wordsFor(error));
  } finally {
    link.removeAttribute("aria-busy");
  }
}

/** @param {string} words */
function searchFor(words) {
  const wanted = words.trim();
  if (wanted === search) return;
  search = wanted;
  asked += 1;
  history.replaceState(null, "", search ? `/?${new URLSearchParams({ q: search })}` : "/");
  void showComing(askAll(), (told) => {
    known = told;
    const count = told.live.length + told.scheduled.length + told.recordings.length + said.recordings.length;
    if (search) setText(need("#found"), count ? t("found", { count }) : t("nothing_found", { words: search }));
  });
}

async function showMore() {
  if (!known.more || moreLink.getAttribute("aria-busy") === "true") return;
  moreLink.setAttribute("aria-busy", "true");
  const before = known.recordings.length;
  await showComing(ask(known.more), (told) => { known = extended(known, told); });
  moreLink.removeAttribute("aria-busy");
  // The keyboard goes on where the new ones begin, for the link may be gone.
  const added = need("#recordings").children[before];
  if (document.activeElement === moreLink || document.activeElement === document.body) added?.querySelector("a").focus();
}

let typing = 0;
if (data.first) {
  box.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => searchFor(box.value), TYPING_MS);
  });
  need("#search").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    clearTimeout(typing);
    searchFor(box.value);
  });
  need("#all").addEventListener("click", (/** @type {MouseEvent} */ event) => {
    event.preventDefault();
    box.value = "";
    searchFor("");
    box.focus();
  });
}
for (const [link, show] of /** @type {[HTMLElement, () => Promise<void>][]} */ ([[moreLink, showMore], [need("#said-more"), showMoreSaid]])) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in a new tab it is a page of its own
    event.preventDefault();
    void show();
  });
}

draw();
if (data.first) {
  const poll = new SteadyPoll(look, POLL_MS);
  poll.start();
  window.addEventListener("pageshow", (event) => { if (event.persisted) void poll.now(); });
}
