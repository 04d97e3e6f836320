// The notice *Complete the recording*: what the copy can mend, how far it has come, what went wrong. Draws what Completion is.
import { byteSize, lengthInWords } from "./figures.js";
import { language, need, t } from "./page_data.js";
import { toast } from "./toast.js";

/** @typedef {import("./completion.js").Completion} Completion @typedef {import("./completion.js").CompletionState} CompletionState */

/** @type {Record<CompletionState, {kind: string, symbol: string, buttons: string[]}>} */
const LOOKS = {
  none: { kind: "", symbol: "info", buttons: [] },
  found: { kind: "wait", symbol: "triangle-alert", buttons: ["complete", "close"] },
  uploading: { kind: "", symbol: "upload", buttons: ["pause", "cancel"] },
  waiting: { kind: "wait", symbol: "clock", buttons: ["pause", "cancel"] },
  paused: { kind: "", symbol: "pause", buttons: ["resume", "cancel"] },
  healing: { kind: "", symbol: "refresh-cw", buttons: ["cancel"] },
  complete: { kind: "good", symbol: "circle-check", buttons: ["close"] },
  short: { kind: "good", symbol: "circle-check", buttons: ["close"] },
  partly: { kind: "wait", symbol: "triangle-alert", buttons: ["again", "close"] },
  elsewhere: { kind: "", symbol: "info", buttons: ["close"] },
  failed: { kind: "bad", symbol: "triangle-alert", buttons: ["again", "close"] },
};

/** @type {CompletionState[]} */
const UNDER_WAY = ["uploading", "waiting", "paused", "healing"];

export class CompletionNotice {
  #box = need("#completion");
  #closed = "";

  /** @param {Completion} completion */
  constructor(completion) {
    this.completion = completion;
    completion.addEventListener("change", () => this.#draw());
    this.#on("complete", () => void completion.complete());
    this.#on("again", () => void completion.complete());
    this.#on("pause", () => completion.pause());
    this.#on("resume", () => completion.resume());
    this.#on("cancel", () => void completion.cancel().catch((error) => toast(error.message)));
    this.#on("close", () => this.#close());
  }

  /** @param {string} act @param {() => void} does */
  #on(act, does) { need(`[data-act="${act}"]`, this.#box).addEventListener("click", does); }

  /** Put aside until the studio is opened again, or something else is to be told. */
  #close() {
    this.#closed = this.#told();
    this.#draw();
    void this.completion.look(); // there may be another recording
  }

  #told() { return `${this.completion.session} ${this.completion.state}`; }

  #draw() {
    const { state, progress } = this.completion;
    const { kind, symbol, buttons } = LOOKS[state];
    const hadFocus = this.#box.contains(document.activeElement);
    this.#box.className = `notice task ${kind}`;
    this.#box.dataset.state = state;
    this.#box.hidden = state === "none" || this.#closed === this.#told();
    const use = need("use", this.#box);
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${symbol}`));
    say(need("#completion-words"), this.#words());
    need("#completion-figures").textContent = this.#figures();
    const bar = need("progress", this.#box);
    bar.hidden = !UNDER_WAY.includes(state);
    bar.value = progress;
    for (const button of this.#box.querySelectorAll("[data-act]")) button.hidden = !buttons.includes(button.dataset.act);
    if (hadFocus && document.activeElement?.closest("[hidden]")) this.#box.querySelector("[data-act]:not([hidden])")?.focus();
  }

  #words() {
    const { state, found, left, reason } = this.completion;
    const length = lengthInWords(found.seconds, language());
    if (state === "found") return found.count === 1 ? t("copy_gap", { length }) : t("copy_gaps", { count: found.count, length });
    if (state === "partly" || state === "short") return t(`copy_${state}`, { length: lengthInWords(left, language()) });
    if (state === "failed") return reason ? t("copy_failed", { reason }) : t("copy_failed_somehow");
    return state === "none" ? "" : t(`copy_${state}`);
  }

  #figures() {
    const { state, progress, bytes } = this.completion;
    const percent = Math.floor(100 * progress);
    if (state === "healing") return t("copy_percent", { percent });
    return ["uploading", "paused"].includes(state) ? t("copy_percent_of", { percent, size: byteSize(bytes, language()) }) : "";
  }
}

/** Said once, not each second anew: screen readers hear it. @param {HTMLElement} line @param {string} words */
function say(line, words) { if (line.textContent !== words) line.textContent = words; }
