// The pane with what was said: follows the picture, marks the word, is searched, jumps. Owned by TranscriptSide.
import { ownAddress } from "./api.js";
import { clockTime } from "./figures.js";
import { need, t } from "./page_data.js";
import { cueAt, cutAt, findAll, wordAt, wordPlaces } from "./transcript_text.js";

/** @typedef {import("./transcript_text.js").Cue} Cue */

export class TranscriptPane {
  /** @type {Cue[]} */ #cues = [];
  /** @type {HTMLElement[]} */ #lines = [];
  /** @type {import("./transcript_text.js").WordPlace[]} */ #words = [];
  #current = -1;
  #word = -1;
  #follows = true;
  /** @type {import("./transcript_side.js").Told | null} */ #told = null;
  /** @type {import("./transcript_editor.js").TranscriptEditor | null} */ #editor = null;

  /**
   * @param {import("./hls_player.js").HlsPlayer} player @param {(clock: number) => void} jump seconds of the lecture's clock
   * @param {() => void} onSaved there is a newer version
   */
  constructor(player, jump, onSaved) {
    this.player = player;
    this.jump = jump;
    this.onSaved = onSaved;
    this.pane = need("#transcript");
    this.list = need("#transcript-lines");
    this.box = /** @type {HTMLInputElement} */ (need("#transcript-search"));
    this.opener = need("#transcript-open");
    this.opener.addEventListener("click", () => (this.isOpen ? this.#close() : this.#open()));
    need("#transcript-close").addEventListener("click", () => this.#close());
    need("#transcript-edit").addEventListener("click", () => void this.#edit());
    need("#transcript-follow").addEventListener("click", () => this.#followAgain());
    this.pane.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape" && !this.box.value) this.#close(); });
    this.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#clicked(event));
    this.list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#pressed(event));
    for (const gesture of ["wheel", "touchmove"]) this.list.addEventListener(gesture, () => this.#lookAround(), { passive: true });
    this.box.addEventListener("input", () => this.#search());
  }

  get isOpen() { return !this.pane.hidden; }

  /** All that is known now. @param {Cue[]} cues @param {import("./transcript_side.js").Told} told */
  show(cues, told) {
    const grown = this.#cues.length > 0 && cues[0] === this.#cues[0];
    if (!grown) this.#clear();
    this.#lines.push(...cues.slice(this.#lines.length).map((cue) => this.#line(cue)));
    this.#cues = cues;
    this.list.append(...this.#lines.slice(this.list.childElementCount));
    this.list.lang = told.language ?? "";
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (this.pane.querySelectorAll("[data-file]"))) {
      link.href = ownAddress(/** @type {any} */ (told)[`${link.dataset.file}_url`]);
    }
    this.#told = told;
    this.opener.hidden = false;
    need("#transcript-edit").hidden = !told.may_edit || !told.complete;
    this.#makeReachable(this.#lines[Math.max(0, this.#current)]);
    if (this.box.value) this.#search();
  }

  /** @param {number} clock seconds of the picture shown */
  follow(clock) {
    if (!this.isOpen) return;
    const index = cueAt(this.#cues, clock);
    if (index !== this.#current) this.#moveTo(index);
    const word = wordAt(this.#words, clock);
    if (word !== this.#word) this.#markWord(word);
  }

  #clear() {
    this.#lines = [];
    this.#words = [];
    this.#current = this.#word = -1;
    this.list.replaceChildren();
  }

  /** @param {Cue} cue */
  #line(cue) {
    const line = /** @type {HTMLElement} */ (need("#transcript-line").content.firstElementChild.cloneNode(true));
    need(".figures", line).textContent = clockTime(cue.start);
    need(".said", line).textContent = cue.text;
    return line;
  }

  /** @param {number} index */
  #moveTo(index) {
    const before = this.#lines[this.#current];
    if (before) {
      need("button", before).removeAttribute("aria-current");
      this.#drawSaid(this.#current);
    }
    this.#current = index;
    this.#word = -1;
    this.#words = index < 0 || this.box.value ? [] : wordPlaces(this.#cues[index]);
    const line = this.#lines[index];
    if (!line) return;
    need("button", line).setAttribute("aria-current", "true");
    if (!this.list.contains(document.activeElement)) this.#makeReachable(line);
    if (this.#follows) this.#scrollTo(line);
  }

  /** @param {number} word */
  #markWord(word) {
    this.#word = word;
    if (this.#editor) return;
    const said = need(".said", this.#lines[this.#current]);
    const place = this.#words[word];
    const pieces = cutAt(this.#cues[this.#current].text, place ? [[place.from, place.to]] : []);
    said.replaceChildren(...pieces.map(({ text, marked }) => (marked ? element("span", "now", text) : text)));
  }

  /** The line as it is when it is not being said. @param {number} index */
  #drawSaid(index) {
    if (this.#editor) return; // it has the line's text now
    const { text } = this.#cues[index];
    const pieces = cutAt(text, this.box.value ? findAll(text, this.box.value) : []);
    need(".said", this.#lines[index]).replaceChildren(...pieces.map((piece) => (piece.marked ? element("mark", "", piece.text) : piece.text)));
  }

  #search() {
    const query = this.box.value.trim();
    let count = 0;
    for (const [index, { text }] of this.#cues.entries()) {
      const fits = !query || findAll(text, query).length > 0;
      this.#lines[index].hidden = !fits;
      count += Number(fits);
      if (fits) this.#drawSaid(index);
    }
    need("#transcript-found").textContent = query ? t("lines_found", { count }) : "";
    const [current, first] = [this.#lines[this.#current], this.#lines.find((line) => !line.hidden)];
    const reachable = current && !current.hidden ? current : first;
    this.#makeReachable(reachable);
    this.#current = -1; // drawn anew by the next look at the clock
    this.#words = [];
    if (!query) this.#followAgain();
    else this.list.scrollTop = 0;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const line = /** @type {HTMLElement} */ (event.target).closest("li");
    const cue = line && this.#cues[this.#lines.indexOf(line)];
    if (!cue || !line || /** @type {HTMLElement} */ (event.target).localName === "textarea") return;
    this.#makeReachable(line);
    if (this.#editor) this.#editor.open(this.#lines.indexOf(line));
    else if (!this.box.value) this.#followAgain();
    this.jump(cue.start);
  }

  /** One tab stop for all lines; the arrows go from one to the next. @param {KeyboardEvent} event */
  #pressed(event) {
    const { key } = event;
    const shown = this.#lines.filter((line) => !line.hidden);
    const at = shown.findIndex((line) => line.contains(document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[key];
    if (to === undefined) return;
    event.preventDefault();
    const line = shown[Math.min(shown.length - 1, Math.max(0, to))];
    this.#lookAround();
    this.#makeReachable(line);
    need("button", line).focus();
  }

  /** @param {HTMLElement | undefined} line */
  #makeReachable(line) {
    if (!line) return;
    for (const old of this.list.querySelectorAll('button[tabindex="0"]')) old.tabIndex = -1;
    need("button", line).tabIndex = 0;
  }

  async #edit() {
    const told = this.#told;
    if (this.#editor || !told?.version) return;
    this.box.value = "";
    this.#search();
    for (const index of this.#cues.keys()) this.#drawSaid(index);
    const { TranscriptEditor } = await import("./transcript_editor.js");
    const of = { cues: this.#cues, lines: this.#lines, version: told.version, language: told.language, url: ownAddress(told.json_url).replace(/\.json$/, "") };
    this.#editor = new TranscriptEditor(of, (saved) => {
      this.#editor = null;
      need("#transcript-edit").focus();
      if (saved) this.onSaved();
    });
    this.#editor.open(Math.max(0, cueAt(this.#cues, this.player.clock)));
  }

  #open() {
    this.pane.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    this.#current = -1;
    this.#followAgain();
    this.follow(this.player.clock);
    need("#transcript-title").focus({ preventScroll: true });
  }

  #close() {
    this.pane.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus();
  }

  /** The reader looks elsewhere: the pane stays there. */
  #lookAround() {
    this.#follows = false;
    need("#transcript-follow").hidden = false;
  }

  #followAgain() {
    this.#follows = true;
    need("#transcript-follow").hidden = true;
    const line = this.#lines[this.#current];
    if (line) this.#scrollTo(line);
  }

  /** @param {HTMLElement} line only the list moves, never the page */
  #scrollTo(line) {
    this.list.scrollTop = line.offsetTop - this.list.clientHeight / 3;
  }
}

/** @param {string} name @param {string} kind @param {string} text */
function element(name, kind, text) {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}
