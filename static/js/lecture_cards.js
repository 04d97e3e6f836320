// Draws lists of lectures into the cards of templates/_parts.html. A card stays the same element while its lecture is listed.
import { language, need, t } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { dateBlock } from "./start_words.js";
import { drawTimes, setText } from "./times.js";

/** @typedef {import("./lecture_list.js").Live} Live */
/** @typedef {import("./lecture_list.js").Recording} Recording */
/** @typedef {import("./lecture_list.js").Scheduled} Scheduled */

const LIVE_POSTER_MS = 10000; // the server makes a new one that often

/** @param {HTMLElement} list @param {Live[]} lectures */
export function drawLive(list, lectures) {
  draw(list, need("#live-card"), lectures, (card, one) => {
    for (const pill of card.querySelectorAll(".pill")) /** @type {HTMLElement} */ (pill).hidden = pill.getAttribute("data-state") !== one.state;
    drawLivePoster(need(".picture", card), one.poster_url);
    need(".count", card).hidden = !one.viewers;
    need("time", card).dateTime = one.started_at;
    setText(need('[data-field="viewers"]', card), t("watching", { count: one.viewers }));
  });
}

/** @param {HTMLElement} list @param {Recording[]} recordings */
export function drawRecordings(list, recordings) {
  draw(list, need("#recording-card"), recordings, (card, one) => {
    drawPoster(need(".picture", card), one.thumbnail_url);
    need(".length", card).dataset.seconds = String(one.seconds);
    need("time", card).dateTime = one.started_at;
    const bar = need(".watched", card);
    bar.value = one.watched?.completion ?? 0;
    bar.hidden = !bar.value;
  });
}

/** The old one stays until the next has come. @param {HTMLElement} picture @param {string} address */
function drawLivePoster(picture, address) {
  const [known, now] = [picture.querySelector("img"), Date.now()];
  if (known) known.dataset.at ??= String(now); // the page brought it
  if (now - Number(known?.dataset.at ?? 0) < LIVE_POSTER_MS) return;
  drawPoster(picture, `${address}?t=${Math.floor(now / LIVE_POSTER_MS)}`);
  need("img", picture).dataset.at = String(now);
}

/** Over the card's own ground, which has its place from the beginning. @param {HTMLElement} picture @param {string | null} address */
function drawPoster(picture, address) {
  const known = picture.querySelector("img");
  if (!address) known?.remove();
  else if (known?.getAttribute("src") !== address) {
    const poster = known ?? Object.assign(new Image(640, 360), { alt: "", loading: "lazy", decoding: "async" });
    poster.src = address;
    need(".icon", picture).after(poster);
  }
}

/** @param {HTMLElement} list @param {Scheduled[]} lectures */
export function drawScheduled(list, lectures) {
  draw(list, need("#scheduled-card"), lectures, (card, one) => {
    const { times, ...block } = dateBlock(one.starts_at, one.minutes, serverNow(), language());
    for (const [name, words] of Object.entries(block)) setText(need(`[data-field="${name}"]`, card), words);
    setText(need("time", card), times);
    need("time", card).dateTime = one.starts_at;
    need('[data-field="late"]', card).hidden = serverNow() < Date.parse(one.starts_at);
  });
}

/**
 * @template {{id: string, title: string, lecturer: string, url: string}} L
 * @param {HTMLElement} list @param {HTMLTemplateElement} template @param {L[]} lectures
 * @param {(card: HTMLElement, one: L) => void} fill what is not the same in all lists
 */
function draw(list, template, lectures, fill) {
  const old = new Map([...list.children].map((card) => [/** @type {HTMLElement} */ (card).dataset.id ?? "", /** @type {HTMLElement} */ (card)]));
  const listed = new Set(lectures.map(({ id }) => id));
  for (const [id, card] of old) if (!listed.has(id)) card.remove();
  for (const [at, one] of lectures.entries()) {
    const card = old.get(one.id) ?? newCard(template, one.id);
    fillCommon(card, one);
    fill(card, one);
    // Moving an element takes the focus from it: only what is not in its place is put there.
    if (list.children[at] !== card) list.insertBefore(card, list.children[at] ?? null);
  }
  list.hidden = lectures.length === 0;
  drawTimes(list);
}

/** @param {HTMLTemplateElement} template @param {string} id @returns {HTMLElement} */
function newCard(template, id) {
  const card = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (template.content.firstElementChild).cloneNode(true));
  card.dataset.id = id;
  return card;
}

/** @param {HTMLElement} card @param {{title: string, lecturer: string, url: string}} one */
function fillCommon(card, one) {
  const link = need('[data-field="title"]', card);
  setText(link, one.title);
  if (link.getAttribute("href") !== one.url) link.href = one.url;
  setText(need('[data-field="lecturer"]', card), one.lecturer);
}
