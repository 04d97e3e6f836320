// What the front page found in lectures: recordings with the moments at which the words were said. Loaded when one searches.
import { call, ownAddress } from "./api.js";
import { need } from "./page_data.js";
import { drawTimes, setText } from "./times.js";

/**
 * @typedef {{at: number, text: string, marks: [number, number][]}} Hit
 * @typedef {{id: string, title: string, lecturer: string, started_at: string, url: string, hits: Hit[]}} Found
 * @typedef {{recordings: Found[], more: string | null}} Said as `GET /api/v1/search` tells it
 */

/**
 * @param {string} words @param {string | null} before the `more` of the page before
 * @returns {Promise<Said>} Throws ApiError.
 */
export async function askWhatWasSaid(words, before) {
  const question = new URLSearchParams({ q: words, spoken: "true", ...(before ? { before } : {}) });
  return await call("GET", `/api/v1/search?${question}`);
}

/** @param {Said} said all that is known now @param {string} words */
export function drawSaid(said, words) {
  const list = need("#said");
  list.replaceChildren(...said.recordings.map(card));
  drawTimes(list);
  need("#said-section").hidden = !said.recordings.length;
  const more = need("#said-more");
  more.hidden = !said.more;
  more.href = `/?${new URLSearchParams({ q: words, said: said.more ?? "" })}`;
}

/** @param {Found} one @returns {HTMLElement} */
function card(one) {
  const made = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (need("#found-card").content.firstElementChild).cloneNode(true));
  const url = ownAddress(one.url);
  made.dataset.id = one.id;
  const link = need('[data-field="title"]', made);
  link.href = url;
  setText(link, one.title);
  setText(need('[data-field="lecturer"]', made), one.lecturer);
  need("time", made).dateTime = one.started_at;
  const moment = /** @type {HTMLElement} */ (need(".moments > li", made));
  moment.replaceWith(...one.hits.map((hit) => drawnMoment(/** @type {HTMLElement} */ (moment.cloneNode(true)), hit, url)));
  return made;
}

/** @param {HTMLElement} moment @param {Hit} hit @param {string} url */
function drawnMoment(moment, hit, url) {
  const at = Math.floor(hit.at);
  need("a", moment).href = `${url}?t=${at}`;
  need(".figures", moment).dataset.seconds = String(at);
  need(".said", moment).replaceChildren(...pieces(hit));
  return moment;
}

/** The text with its marks, which count characters, not halves of surrogate pairs. @param {Hit} hit @returns {(string | Node)[]} */
function pieces({ text, marks }) {
  const characters = Array.from(text);
  const drawn = [];
  let place = 0;
  for (const [from, to] of marks) {
    const mark = document.createElement("mark");
    mark.textContent = characters.slice(from, to).join("");
    drawn.push(characters.slice(place, from).join(""), mark);
    place = to;
  }
  return [...drawn, characters.slice(place).join("")];
}
