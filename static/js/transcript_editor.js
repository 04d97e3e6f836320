// Correcting what was said, in the pane itself, while it plays: line by line, saved as a new version. Loaded when one begins to.
import { ApiError, call } from "./api.js";
import { clockTime } from "./figures.js";
import { need, t } from "./page_data.js";
import { toast } from "./toast.js";

/** @typedef {import("./transcript_text.js").Cue} Cue */

export class TranscriptEditor {
  /** @type {Map<number, string>} what was changed, by the number of the cue */ #changed = new Map();
  /** @type {{index: number, box: HTMLTextAreaElement} | null} */ #open = null;
  #listening = new AbortController();

  /**
   * @param {{cues: Cue[], lines: HTMLElement[], version: number, language: string | null, url: string}} of the version that is corrected
   * @param {(saved: boolean) => void} onEnd
   */
  constructor(of, onEnd) {
    this.of = of;
    this.onEnd = onEnd;
    const on = (/** @type {string} */ place, /** @type {() => void} */ act) => need(place).addEventListener("click", act, { signal: this.#listening.signal });
    on("#transcript-save", () => void this.#save());
    on("#transcript-discard", () => this.#end(false));
    window.addEventListener("beforeunload", (event) => { if (this.#changed.size) event.preventDefault(); }, { signal: this.#listening.signal });
    need("#transcript").dataset.editing = "true";
    need("#transcript-edit-bar").hidden = false;
    this.#tell();
  }

  /** Its text becomes a box. @param {number} index */
  open(index) {
    if (this.#open?.index === index) return;
    this.#shut();
    const line = this.of.lines[index];
    if (!line) return;
    const box = document.createElement("textarea");
    box.value = this.#changed.get(index) ?? this.of.cues[index].text;
    box.rows = 2;
    box.maxLength = 2000;
    box.setAttribute("aria-label", t("text_at", { time: clockTime(this.of.cues[index].start) }));
    box.addEventListener("keydown", (event) => this.#pressed(event, index));
    this.#open = { index, box };
    line.append(box);
    box.focus();
  }

  /** @param {KeyboardEvent} event @param {number} index */
  #pressed(event, index) {
    event.stopPropagation(); // the list's own keys
    if (event.isComposing) return; // Enter and Escape are the input method's
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#shut();
      this.open(index + 1);
    }
    if (event.key === "Escape") {
      this.#open?.box.remove();
      this.#open = null;
      need("button", this.of.lines[index]).focus();
    }
  }

  /** What stands in the box is the line's text. */
  #shut() {
    if (!this.#open) return;
    const { index, box } = this.#open;
    this.#open = null;
    const text = box.value.trim();
    box.remove();
    if (text === this.of.cues[index].text) this.#changed.delete(index);
    else this.#changed.set(index, text);
    need(".said", this.of.lines[index]).textContent = text;
    this.of.lines[index].classList.toggle("changed", this.#changed.has(index));
    this.#tell();
  }

  #tell() {
    need("#transcript-changed").textContent = t("lines_changed", { count: this.#changed.size });
    need("#transcript-save").disabled = false;
  }

  async #save() {
    this.#shut();
    if (!this.#changed.size) { this.#end(false); return; }
    const button = need("#transcript-save");
    button.disabled = true;
    const { cues, version, language, url } = this.of;
    const body = { language, cues: cues.map((cue, index) => corrected(cue, this.#changed.get(index))) };
    try {
      await call("PUT", `${url}?edited=true&base=${version}`, body, { timeoutMs: 60_000 });
      this.#changed.clear();
      toast(t("transcript_saved"));
      this.#end(true);
    } catch (error) {
      toast(error instanceof ApiError && error.detail ? error.detail : t("transcript_not_saved"));
      button.disabled = false;
    }
  }

  /** @param {boolean} saved */
  #end(saved) {
    this.#open?.box.remove();
    for (const index of this.#changed.keys()) {
      need(".said", this.of.lines[index]).textContent = this.of.cues[index].text;
      this.of.lines[index].classList.remove("changed");
    }
    this.#listening.abort();
    delete need("#transcript").dataset.editing;
    need("#transcript-edit-bar").hidden = true;
    this.onEnd(saved);
  }
}

/** A line that was changed has no times of its words any more. @param {Cue} cue @param {string | undefined} text */
function corrected(cue, text) {
  return text === undefined ? cue : { start: cue.start, end: cue.end, text };
}
