// The keyboard's way to the player, wherever on the page the focus is. Owned by the player's page, for its lifetime.
import { actionFor, focusOn } from "./keyboard.js";
import { need, t } from "./page_data.js";
import { toast } from "./toast.js";

export class PlayerKeys {
  /** @param {import("./hls_player.js").HlsPlayer} player @param {HTMLElement} screen what fills the screen */
  constructor(player, screen) {
    this.player = player;
    this.screen = screen;
    this.sheet = /** @type {HTMLDialogElement} */ (need("#key-sheet"));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.querySelector("#keys")?.addEventListener("click", () => this.sheet.showModal());
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    // Inside media-chrome's elements the focus is in their shadow.
    const action = actionFor(event, focusOn(/** @type {any} */ (event.composedPath()[0])));
    if (!action || (this.#hasNoMedia() && action.name !== "sheet")) return;
    event.preventDefault();
    this.#act(action);
  }

  #hasNoMedia() { return this.player.video.readyState === 0; }

  /** @param {import("./keyboard.js").Action} action */
  #act(action) {
    const { player } = this;
    const { video } = player;
    switch (action.name) {
      case "toggle": player.togglePlaying(); break;
      case "seek": player.seekBy(action.seconds); break;
      case "part": player.seekToPart(action.of10 / 10); break;
      case "step": player.step(action.pictures); break;
      case "volume": video.volume = Math.min(1, Math.max(0, video.volume + action.by)); break;
      case "mute": video.muted = !video.muted; break;
      case "fullscreen": void this.#toggleFullScreen(); break;
      case "captions": this.#toggleCaptions(); break;
      case "sheet": this.sheet.showModal(); break;
    }
  }

  async #toggleFullScreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else if (this.screen.requestFullscreen) await this.screen.requestFullscreen();
      else /** @type {any} */ (this.player.video).webkitEnterFullscreen?.(); // iPhones know no other element
    } catch (error) {
      console.info("no full screen:", error); // the frame around may not allow it
    }
  }

  #toggleCaptions() {
    const tracks = [...this.player.video.textTracks].filter((track) => ["captions", "subtitles"].includes(track.kind));
    if (!tracks.length) { toast(t("no_captions")); return; }
    const shown = tracks.find((track) => track.mode === "showing");
    if (shown) shown.mode = "disabled";
    else tracks[0].mode = "showing";
  }
}
