// What a room says of the next lecture that is to be held in it. Owned by the room's page; a frame of another site has no place for it.
import { showText } from "./linked_text.js";
import { language, need, t } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { hasLapsed, startWords } from "./start_words.js";
import { setText } from "./times.js";

/** @typedef {{id: string, title: string, description: string, starts_at: string, minutes: number}} Scheduled */

const REDRAW_MS = 15000; // "tomorrow" becomes "today", and one that is late is told so

/** Events: `words` (they are others now), `lapsed` (another one may be the next: ask the API). */
export class NextLecture extends EventTarget {
  /** @type {Scheduled | null} */ #scheduled = null;
  #shown = false;
  #words = "";

  /** @param {HTMLElement | null} place */
  constructor(place) {
    super();
    this.place = place;
    setInterval(() => this.#draw(), REDRAW_MS);
  }

  /** For the picture's place before anything has begun; "" while nothing is scheduled. */
  get words() { return this.#words; }

  /** @param {Scheduled | null | undefined} scheduled as the API or the feed tell it */
  is(scheduled) {
    this.#scheduled = scheduled && !hasLapsed(scheduled.starts_at, serverNow()) ? scheduled : null;
    this.#draw();
  }

  /** @param {boolean} shown not while a lecture is under way */
  show(shown) {
    this.#shown = shown;
    this.#draw();
  }

  #draw() {
    const scheduled = this.#scheduled;
    const lapsed = scheduled !== null && hasLapsed(scheduled.starts_at, serverNow());
    if (lapsed) this.#scheduled = null;
    const told = this.#scheduled ? startWords(this.#scheduled.starts_at, serverNow(), language()) : null;
    const start = told ? t(told.key, told.values) : "";
    const words = told ? `${this.#scheduled?.title}\n${start}\n${t("starts_by_itself")}` : "";
    if (this.place) this.#fill(this.place, start);
    if (words !== this.#words) {
      this.#words = words;
      this.dispatchEvent(new Event("words"));
    }
    if (lapsed) this.dispatchEvent(new Event("lapsed"));
  }

  /** @param {HTMLElement} place @param {string} start */
  #fill(place, start) {
    place.hidden = !this.#scheduled || !this.#shown;
    if (!this.#scheduled) return;
    const { title, description, starts_at } = this.#scheduled;
    setText(need("h3", place), title);
    setText(need("time", place), start);
    need("time", place).dateTime = starts_at;
    showText(need(".written", place), description);
  }
}
