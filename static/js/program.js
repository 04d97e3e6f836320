// What the audience sees and hears: sources in a scene, as one stream of one picture and at most one sound track.
// Owned by the studio page, between capture.js and whip_publisher.js; ends with close().
import { openComposer } from "./composer.js";
import { ProgramSound } from "./program_sound.js";
import { SCENES, fittingScene, insetOf } from "./scene.js";

/**
 * Events: `scene` (another scene, inset or size), `placed`, `watch`, `pace` (see program_engine.js).
 */
export class Program extends EventTarget {
  /** What is sent. */ stream = new MediaStream();
  #sound = new ProgramSound();
  #scene = "camera";
  #inset = insetOf(JSON.parse(localStorage.getItem("kodo-inset") ?? "null"));
  /** @type {Record<string, MediaStreamTrack | null>} */ #sources = { camera: null, screen: null };
  #heard = "";

  /** @param {import("./scene.js").Size} size @param {string} caption shown where there is no picture */
  constructor(size, caption) {
    super();
    this.size = size;
    this.composer = openComposer(size);
    this.stream.addTrack(this.composer.track);
    for (const name of ["placed", "watch", "pace"]) {
      this.composer.addEventListener(name, (e) => this.#tell(name, /** @type {CustomEvent} */ (e).detail));
    }
    this.composer.caption(caption);
    this.#arrange();
  }

  get scene() { return this.#scene; }
  get inset() { return this.#inset; }
  get steadyWhenHidden() { return this.composer.steadyWhenHidden; }
  get hasScreen() { return this.#sources.screen !== null; }
  /** Whether a source of pictures is on; without, the audience sees the caption. */
  get hasPicture() { return Object.values(this.#sources).some((track) => track !== null); }

  /** @param {{camera: MediaStreamTrack | null, screen: MediaStreamTrack | null, microphone: MediaStreamTrack | null, screenSound: MediaStreamTrack | null}} capture */
  feed({ camera, screen, microphone, screenSound }) {
    for (const [name, track] of Object.entries({ camera, screen })) {
      if (track === this.#sources[name]) continue;
      this.#sources[name] = track;
      this.composer.setSource(name, track);
    }
    this.choose(this.#scene);
    this.#hear([microphone, screenSound]);
  }

  /** @param {string} scene one of SCENES */
  choose(scene) {
    const fitting = fittingScene(scene, { camera: this.#sources.camera !== null, screen: this.hasScreen });
    if (fitting === this.#scene) return;
    this.#scene = fitting;
    this.#arrange();
  }

  /** @param {import("./scene.js").Inset} inset */
  placeInset(inset) {
    this.#inset = inset;
    localStorage.setItem("kodo-inset", JSON.stringify(inset));
    this.#arrange();
  }

  /** Another size begins the next take of the recording. @param {import("./scene.js").Size} size */
  resize({ width, height }) {
    if (width === this.size.width && height === this.size.height) return;
    this.size = { width, height };
    this.composer.resize(this.size);
    this.#tell("scene", null);
  }

  /** @param {string} words */
  caption(words) { this.composer.caption(words); }

  #arrange() {
    this.composer.arrange(SCENES[this.#scene], this.#inset);
    this.#tell("scene", null);
  }

  /** @param {(MediaStreamTrack | null)[]} tracks */
  #hear(tracks) {
    const heard = tracks.map((track) => track?.id ?? "").join(" ");
    if (heard === this.#heard) return;
    this.#heard = heard;
    for (const track of this.stream.getAudioTracks()) this.stream.removeTrack(track);
    this.#sound.set(tracks);
    if (this.#sound.track) this.stream.addTrack(this.#sound.track);
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }

  close() {
    this.#sound.close();
    this.composer.close();
  }
}
