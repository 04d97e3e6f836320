// The studio's bottom bar while a lecture runs: how long, who watches, that it is recorded, how the line is and by which numbers.
import { serverNow } from "./api.js";
import { byteSize, clockTime } from "./figures.js";
import { lineQuality } from "./line_quality.js";
import { language, need, t } from "./page_data.js";

const STALE_SECONDS = 4; // a part is written every third of a second, and asked for every two

export class LiveBar {
  #startedAt = 0;
  #answered = true;
  /** @type {import("./room_view.js").Session | null} */ #session = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.viewers(0);
    window.setInterval(() => this.#tick(), 500);
  }

  /** @param {string} state of the publisher @param {import("./room_view.js").Session | null} session @param {boolean} onAir */
  draw(state, session, onAir) {
    this.#session = session && session.state !== "ended" ? session : null;
    this.#startedAt = this.#session ? Date.parse(this.#session.started_at) : 0;
    for (const fact of this.root.querySelectorAll("[data-while-on-air]")) /** @type {HTMLElement} */ (fact).hidden = !onAir;
    /** @type {Record<string, string>} */
    const words = { connecting: t("connecting"), live: t("live"), reconnecting: t("reconnecting") };
    setText(need("#air-words", this.root), words[state] ?? t("running"));
    if (state !== "live") need("#line", this.root).hidden = true; // else from its first figures on
    this.#tick();
  }

  /** @param {number} count */
  viewers(count) { setText(need("#viewers-words", this.root), t("watching", { count: count ?? 0 })); }

  /** @param {import("./line_quality.js").LineFigures} figures */
  figures(figures) {
    const quality = lineQuality(figures);
    const line = need("#line", this.root);
    line.dataset.quality = quality;
    line.hidden = false;
    setText(need("#line-words", this.root), t(`line_${quality}`));
    setText(need("#figure-advice", this.root), t(`advice_${quality}`));
    this.#number("#figure-rate", figures.kilobits / 1000, 1, "Mbit/s");
    this.#number("#figure-frames", figures.framesPerSecond, 0, "");
    this.#number("#figure-lost", 100 * figures.lost, 1, "%");
    this.#number("#figure-trip", figures.roundTripMs, 0, "ms");
    const limits = ["bandwidth", "cpu"].includes(figures.limited) ? figures.limited : "none";
    setText(need("#figure-limit", this.root), t(`limited_${limits}`));
  }

  /** @param {string} place @param {number} value @param {number} digits @param {string} unit */
  #number(place, value, digits, unit) {
    const number = new Intl.NumberFormat(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
    setText(need(place, this.root), `${number.format(value)} ${unit}`.trim());
  }

  /** @param {number} width @param {number} height of the picture that is sent */
  size(width, height) { setText(need("#figure-size", this.root), `${width} × ${height}`); }

  /** @param {boolean} yes whether the server answered the last look */
  answered(yes) { this.#answered = yes; }

  #tick() {
    if (!this.#session) { setText(need("#elapsed", this.root), ""); return; }
    setText(need("#elapsed", this.root), clockTime((serverNow() - this.#startedAt) / 1000));
    this.#recording(this.#session.recording ?? null);
  }

  /** @param {{state: string, bytes: number, last_part_at: string | null} | null} recording */
  #recording(recording) {
    const fact = need("#recording", this.root);
    if (!recording) { fact.hidden = true; return; }
    fact.hidden = false;
    const age = recording.last_part_at ? Math.max(0, (serverNow() - Date.parse(recording.last_part_at)) / 1000) : 0;
    const size = byteSize(recording.bytes, language());
    const late = recording.state === "ok" && age > STALE_SECONDS;
    const key = this.#answered ? `recording_${late ? "late" : recording.state}` : "recording_unknown";
    fact.dataset.recording = this.#answered && late ? "late" : recording.state;
    setText(need("#recording-words", this.root), t(key, { size, age: Math.round(age) }));
  }
}

/** Only what changed is written: a screen reader would read it again. @param {HTMLElement} element @param {string} words */
function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
