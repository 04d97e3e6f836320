// The studio's bottom bar while a lecture runs: how long, who watches, that it is recorded, how the line is.
import { serverNow } from "./api.js";
import { byteSize, clockTime } from "./figures.js";
import { lineQuality } from "./line_quality.js";
import { language, need, t } from "./page_data.js";

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
    need("#line", this.root).hidden = state !== "live";
    this.#tick();
  }

  /** @param {number} count */
  viewers(count) { setText(need("#viewers-words", this.root), t("watching", { count: count ?? 0 })); }

  /** @param {import("./line_quality.js").LineFigures} figures */
  figures(figures) {
    const quality = lineQuality(figures);
    const line = need("#line", this.root);
    line.dataset.quality = quality;
    line.title = `${Math.round(figures.kilobits)} kbit/s · ${Math.round(figures.framesPerSecond)} fps · ${Math.round(figures.roundTripMs)} ms`;
    setText(need("#line-words", this.root), t(`line_${quality}`));
  }

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
    fact.dataset.recording = recording.state;
    const age = recording.last_part_at ? Math.max(0, (serverNow() - Date.parse(recording.last_part_at)) / 1000) : 0;
    const size = byteSize(recording.bytes, language());
    const key = this.#answered ? `recording_${recording.state}` : "recording_unknown";
    setText(need("#recording-words", this.root), t(key, { size, age: Math.round(age) }));
  }
}

/** Only what changed is written: a screen reader would read it again. @param {HTMLElement} element @param {string} words */
function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
