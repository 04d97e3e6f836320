// A short measure of the line to the server: bodies of random bytes, for three seconds. Says what it is: the web's line, not a promise.
import { csrfToken, problemOf } from "./api.js";
import { language, need, t } from "./page_data.js";
import { AUTO, qualityFor } from "./picture_quality.js";

const LASTS_MS = 3000;
const PROBE_BYTES = 1024;
const MOST_BODIES = 100;
const BODY_BYTES = 256 * 1024; // the most that the server takes
const GIVE_UP_MS = 15_000;

/**
 * @param {{bytes: number, ms: number}[]} sent one body after the other, the first ones while the line warms up
 * @returns {number} kbit/s of the later half
 */
export function uplinkKilobits(sent) {
  const later = sent.slice(Math.floor(sent.length / 2));
  const ms = later.reduce((sum, one) => sum + one.ms, 0);
  return ms > 0 ? (8 * later.reduce((sum, one) => sum + one.bytes, 0)) / ms : 0;
}

/** Event: `measured` (detail: kbit/s). */
export class LineTest extends EventTarget {
  #button = need("#line-test");
  #words = need("#line-test-words");

  /** @param {string} url takes POSTs and forgets them */
  constructor(url) {
    super();
    this.url = url;
    this.#button.addEventListener("click", () => void this.#run());
  }

  /** @param {boolean} allowed not while live: it would take the line from the lecture */
  allow(allowed) { need("#line-test-box").hidden = !allowed; }

  async #run() {
    this.#button.disabled = true;
    this.#show("running", t("line_test_running"));
    try {
      const roundTripMs = Math.min(await this.#send(PROBE_BYTES), await this.#send(PROBE_BYTES), await this.#send(PROBE_BYTES));
      const kilobits = uplinkKilobits(await this.#sendForAWhile());
      this.#tell(kilobits, roundTripMs);
    } catch (error) {
      console.info("line test:", error);
      this.#show("failed", t("line_test_failed"));
    }
    this.#button.disabled = false;
  }

  async #sendForAWhile() {
    const until = performance.now() + LASTS_MS;
    const sent = [];
    do sent.push({ bytes: BODY_BYTES, ms: await this.#send(BODY_BYTES) }); while (performance.now() < until && sent.length < MOST_BODIES);
    return sent;
  }

  /** @param {number} bytes @returns {Promise<number>} ms until the server had it all */
  async #send(bytes) {
    const body = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(body.subarray(at, Math.min(bytes, at + 65_536)));
    const headers = { "Content-Type": "application/octet-stream", "X-CSRFToken": csrfToken() };
    const began = performance.now();
    const response = await fetch(this.url, { method: "POST", headers, body, cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (!response.ok) throw await problemOf(response);
    return performance.now() - began;
  }

  /** @param {number} kilobits @param {number} roundTripMs */
  #tell(kilobits, roundTripMs) {
    const best = qualityFor(AUTO, { cores: 64, uplinkKilobits: kilobits, paintMs: 0 });
    const rate = new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(kilobits / 1000);
    const values = { rate, ms: Math.round(roundTripMs), name: best.name };
    this.#show("done", kilobits < best.bitrate / 1000 ? t("line_test_poor", values) : t("line_test_good", values));
    this.dispatchEvent(new CustomEvent("measured", { detail: kilobits }));
  }

  /** @param {string} state @param {string} words */
  #show(state, words) {
    this.#button.dataset.state = state;
    this.#words.textContent = words;
  }
}
