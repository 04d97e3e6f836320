// What was said, beside the player: its captions and, on the page, the pane. Loaded by the page once there is a transcript.
import { call, ownAddress } from "./api.js";
import { Captions } from "./captions.js";
import { ClockMap } from "./clock_map.js";
import { need, t } from "./page_data.js";
import { TranscriptPane } from "./transcript_pane.js";

const TICK_MS = 100;
const TICKS_A_SECOND = 10;
const LOOK_MS = 10_000; // while it grows, and only for who reads it

/**
 * @typedef {import("./transcript_text.js").Cue} Cue
 * @typedef {{state: string, language: string | null, version: number | null, complete: boolean, may_edit: boolean,
 *   json_url: string, vtt_url: string, srt_url: string, txt_url: string}} Told as the API says it
 */

export class TranscriptSide {
  /** @type {Told | null} */ #told = null;
  /** @type {Captions | null} */ #captions = null;
  /** @type {Cue[]} */ #cues = [];
  #map = new ClockMap([]);
  #url = "";
  #edit = 1;
  #lookedAt = -Infinity;
  #looking = false;
  #ticks = 0;

  /** @param {import("./hls_player.js").HlsPlayer} player */
  constructor(player) {
    this.player = player;
    this.pane = document.querySelector("#transcript") ? new TranscriptPane(player, (clock) => this.#jump(clock), () => void this.#look()) : null;
    // What is loaded anew may have emptied the track, and the same moment may lie elsewhere.
    player.video.addEventListener("loadedmetadata", () => this.#draw());
    window.setInterval(() => this.#tick(), TICK_MS);
  }

  /** Of this recording; asked again when something has changed. @param {string} url @param {number} [edit] version of its edit list, which hides words, too */
  show(url, edit = 1) {
    if (ownAddress(url) !== this.#url || edit !== this.#edit) this.#told = null;
    this.#url = ownAddress(url);
    this.#edit = edit;
    if (!this.#told?.complete) void this.#look();
  }

  /** Tells what is new since the last look. */
  async #look() {
    if (this.#looking) return;
    this.#looking = true;
    this.#lookedAt = performance.now();
    try {
      await this.#take(await call("GET", this.#url));
    } catch (error) {
      console.info("no transcript:", error); // looked for again while it grows
    }
    this.#looking = false;
  }

  /** @param {Told} told */
  async #take(told) {
    if (!told.json_url) return;
    const another = told.version !== this.#told?.version;
    const first = another ? 0 : this.#cues.length;
    const { cues } = await call("GET", `${ownAddress(told.json_url)}?first=${first}`);
    this.#told = told;
    this.#captions ??= new Captions(this.player.video, t("captions"), told.language ?? "");
    this.#cues = another ? cues : [...this.#cues, ...cues];
    if (another) this.#draw();
    else this.#captions.add(cues, this.#map);
    this.pane?.show(this.#cues, told);
    need("#room").dataset.transcript = told.state;
  }

  #draw() {
    this.#map = new ClockMap(this.player.fragments, this.player.zero);
    this.#captions?.draw(this.#cues, this.#map);
  }

  #tick() {
    if (!this.#told) return;
    this.pane?.follow(this.player.clock);
    this.#ticks += 1;
    if (this.#ticks % TICKS_A_SECOND) return;
    if (new ClockMap(this.player.fragments, this.player.zero).differsFrom(this.#map)) this.#draw();
    const isRead = this.pane?.isOpen || this.#captions?.isOn;
    if (!this.#told.complete && isRead && !document.hidden && performance.now() - this.#lookedAt > LOOK_MS) void this.#look();
  }

  /** @param {number} clock seconds */
  #jump(clock) {
    this.player.seekTo(new ClockMap(this.player.fragments, this.player.zero).toPlayer(clock));
    if (this.player.video.paused) this.player.play();
  }
}
