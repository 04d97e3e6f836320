// The captions on the picture: a text track filled from the transcript, in the player's own time. Owned by TranscriptSide.
import { need } from "./page_data.js";

const KEPT = "kodo-captions"; // in localStorage: "on" when they were on last
const ABOVE_CONTROLS = -4; // lines from below, where a wide page's controls do not cover it

/** @typedef {import("./transcript_text.js").Cue} Cue */

export class Captions {
  /** @type {VTTCue[]} */ #drawn = [];

  /** @param {HTMLVideoElement} video @param {string} label @param {string} language BCP 47, "" when unknown */
  constructor(video, label, language) {
    this.track = video.addTextTrack("captions", label, language);
    this.track.mode = kept() ? "showing" : "disabled";
    this.buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#captions, #transcript-captions")]);
    for (const button of this.buttons) {
      button.addEventListener("click", () => { this.track.mode = this.isOn ? "disabled" : "showing"; });
      button.hidden = false;
    }
    video.textTracks.addEventListener("change", () => this.#tell()); // also by the keyboard, or the browser's own menu
    this.#tell();
  }

  get isOn() { return this.track.mode === "showing"; }

  /** All of them anew. @param {Cue[]} cues @param {import("./clock_map.js").ClockMap} map */
  draw(cues, map) {
    for (const cue of this.#drawn) this.#remove(cue);
    this.#drawn = [];
    this.add(cues, map);
  }

  /** @param {Cue[]} cues @param {import("./clock_map.js").ClockMap} map */
  add(cues, map) {
    for (const { start, end, text } of cues) {
      const [from, to] = [map.toPlayer(start), map.toPlayer(end)];
      if (to <= from) continue; // the replay leaves it out
      const cue = new VTTCue(from, to, plain(text));
      cue.line = ABOVE_CONTROLS;
      this.track.addCue(cue);
      this.#drawn.push(cue);
    }
  }

  /** @param {VTTCue} cue */
  #remove(cue) {
    try {
      this.track.removeCue(cue);
    } catch {
      // Gone already: players empty the tracks of their element when they load anew.
    }
  }

  #tell() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(this.isOn));
    need("#room").dataset.captions = this.isOn ? "on" : "off";
    try {
      localStorage.setItem(KEPT, this.isOn ? "on" : "off");
    } catch {
      // in another site's frame nothing is kept
    }
  }
}

/** A VTTCue's text is WebVTT's, in which these begin tags and characters. @param {string} text */
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function kept() {
  try {
    return localStorage.getItem(KEPT) === "on";
  } catch {
    return false;
  }
}
