// Camera, microphone, screen and the screen's sound: asks for them, notices their loss and their return.
// Owned by the studio page; tracks it replaces are stopped; ends with close().
import { returned, standIn } from "./device_watch.js";

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const SCREEN = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 30, max: 30 } };
// The lecturer's own voice is not in the screen's sound: what speaks there is for the audience as it is.
const SCREEN_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const SCREEN_CHOICE = { systemAudio: "include", surfaceSwitching: "include", selfBrowserSurface: "exclude" };

/**
 * @typedef {import("./device_watch.js").Device} Device @typedef {import("./device_watch.js").DeviceKind} DeviceKind
 * @typedef {{echoCancellation: boolean, noiseSuppression: boolean, autoGainControl: boolean}} SoundSwitches
 */

/**
 * Events: `change` (the tracks have changed), `screen-ended` (the browser's own button stopped the sharing),
 * `lost` (detail: {kind, label, substitute: label | null}), `back` (detail: {kind, label}).
 */
export class Capture extends EventTarget {
  /** @type {MediaStreamTrack | null} */ camera = null;
  /** @type {MediaStreamTrack | null} */ microphone = null;
  /** @type {MediaStreamTrack | null} */ screen = null;
  /** @type {MediaStreamTrack | null} */ screenSound = null;
  /** Size of the camera's picture. */ size = { width: 1280, height: 720 };
  /** @type {SoundSwitches} */ sound = { ...SOUND };
  #muted = false;
  /** @type {Record<DeviceKind, Device[]>} the first is the one the user had chosen */ #lost = { camera: [], microphone: [] };

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#takeBack());
  }

  /** Whether this page may ask at all: browsers hide cameras from plain HTTP. */
  static get possible() { return Boolean(navigator.mediaDevices?.getUserMedia); }
  static get screenPossible() { return Boolean(navigator.mediaDevices?.getDisplayMedia); }

  get muted() { return this.#muted; }

  /**
   * Camera and microphone by one question to the user; what is not there is left out.
   * @param {string | null} camera @param {string} microphone device ids, "" any, null none @returns {Promise<unknown[]>} what went wrong
   */
  async begin(camera, microphone) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: camera !== null && { ...this.#cameraSize(), ...preferring(camera) }, audio: { ...this.sound, ...preferring(microphone) },
      });
      for (const track of stream.getTracks()) this.#take(track.kind === "video" ? "camera" : "microphone", track);
      this.#changed();
      return [];
    } catch (error) {
      // A refusal is for both, unless only one of them is blocked; a missing or busy device leaves the other one.
      const refused = errorKey(error) === "capture_not_allowed";
      const blocked = await blockedDevices();
      if (refused && blocked.length !== 1) return [error];
      const tries = await Promise.allSettled([
        blocked.includes("microphone") ? Promise.reject(error) : this.useMicrophone(),
        camera === null ? null : blocked.includes("camera") ? Promise.reject(error) : this.useCamera(),
      ]);
      return tries.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    }
  }

  /** @param {string} [deviceId] "" any @returns {Promise<void>} throws a DOMException, see errorKey() */
  async useCamera(deviceId) {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { ...this.#cameraSize(), ...exactly(deviceId) } });
    this.#lost.camera = [];
    this.#take("camera", stream.getVideoTracks()[0]);
    this.#changed();
  }

  /** @param {string} [deviceId] "" any */
  async useMicrophone(deviceId) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { ...this.sound, ...exactly(deviceId) } });
    this.#lost.microphone = [];
    this.#take("microphone", stream.getAudioTracks()[0]);
    this.#changed();
  }

  /** Any display, window or tab, with its sound where the browser gives it. */
  async useScreen() {
    const stream = await navigator.mediaDevices.getDisplayMedia(
      /** @type {any} */ ({ video: SCREEN, audio: SCREEN_SOUND, ...SCREEN_CHOICE }),
    );
    this.#take("screen", stream.getVideoTracks()[0]);
    this.#take("screenSound", stream.getAudioTracks()[0] ?? null);
    this.#changed();
  }

  dropCamera() {
    this.#lost.camera = [];
    this.#take("camera", null);
    this.#changed();
  }

  dropScreen() {
    this.#take("screen", null);
    this.#take("screenSound", null);
    this.#changed();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
  }

  /**
   * Switches of the microphone, at once. Where the browser does not change a running microphone it is opened again: a gap of a
   * few tenths of a second. Throws a DOMException, see errorKey().
   * @param {SoundSwitches} sound
   */
  async tune(sound) {
    this.sound = sound;
    const track = this.microphone;
    if (!track) return;
    await track.applyConstraints({ ...sound }).catch((error) => console.info("opening the microphone again:", error.name));
    const has = /** @type {any} */ (track.getSettings());
    const agreed = Object.entries(sound).every(([name, on]) => has[name] === undefined || Boolean(has[name]) === on);
    if (agreed) return;
    track.stop(); // while it is open, Chromium 156 gives it out again as it is
    await this.useMicrophone(has.deviceId);
  }

  /** Another picture size of the camera; one that it does not know is left to it. @param {{width: number, height: number}} size */
  async resize(size) {
    this.size = { width: size.width, height: size.height };
    await this.camera?.applyConstraints(this.#cameraSize()).catch((error) => console.info("the camera keeps its size:", error.name));
  }

  /** @returns {Promise<{cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[]}>} */
  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    const of = (/** @type {string} */ kind) => all.filter((d) => d.kind === kind && d.deviceId);
    return { cameras: of("videoinput"), microphones: of("audioinput") };
  }

  close() {
    for (const track of [this.camera, this.microphone, this.screen, this.screenSound]) track?.stop();
  }

  #cameraSize() {
    const { width, height } = this.size;
    return { width: { ideal: width, max: 1920 }, height: { ideal: height, max: 1080 }, frameRate: { ideal: 30, max: 30 } };
  }

  /** @param {DeviceKind | "screen" | "screenSound"} place @param {MediaStreamTrack | null} track */
  #take(place, track) {
    this[place]?.stop();
    this[place] = track;
    if (place === "microphone" && track) track.enabled = !this.#muted;
    // Our own stop() tells nobody: "ended" is always news from outside.
    track?.addEventListener("ended", () => { if (this[place] === track) void this.#ended(place, track); }, { once: true });
  }

  /** @param {DeviceKind | "screen" | "screenSound"} place @param {MediaStreamTrack} track */
  async #ended(place, track) {
    if (place === "camera" || place === "microphone") await this.#replaceLost(place, track);
    else if (place === "screenSound") { this.screenSound = null; this.#changed(); }
    else { this.dropScreen(); this.dispatchEvent(new Event("screen-ended")); }
  }

  /** @param {DeviceKind} kind @param {MediaStreamTrack} track */
  async #replaceLost(kind, track) {
    const lost = { deviceId: track.getSettings().deviceId ?? "", label: track.label };
    const all = [...this.#lost[kind], lost];
    this[kind] = null;
    this.#changed();
    const substitute = await this.#standInFor(kind, lost);
    this.#lost[kind] = all; // after the substitute: choosing a device forgets the lost ones
    this.#tell("lost", { kind, label: lost.label, substitute: substitute?.label ?? null });
  }

  /** @param {DeviceKind} kind @param {Device} lost @returns {Promise<Device | null>} */
  async #standInFor(kind, lost) {
    const other = standIn(lost, await this.#thereOf(kind));
    if (!other) return null;
    return this.#open(kind, other.deviceId).then(() => other, () => null);
  }

  async #takeBack() {
    for (const kind of /** @type {DeviceKind[]} */ (["camera", "microphone"])) {
      if (!this.#lost[kind].length) continue;
      const there = await this.#thereOf(kind);
      const back = this.#lost[kind].find((lost) => returned(lost, there));
      // Just plugged in, a device may still be in use by the system: the next devicechange tries again.
      if (back) await this.#open(kind, back.deviceId).then(() => this.#tell("back", { kind, label: back.label }), (error) => console.info(error.name));
    }
  }

  /** @param {DeviceKind} kind @param {string} deviceId */
  #open(kind, deviceId) { return kind === "camera" ? this.useCamera(deviceId) : this.useMicrophone(deviceId); }

  /** @param {DeviceKind} kind @returns {Promise<Device[]>} */
  async #thereOf(kind) { return (await this.devices())[kind === "camera" ? "cameras" : "microphones"]; }

  #changed() { this.dispatchEvent(new Event("change")); }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

/** Which of the two the browser or its user has blocked for this page, where the browser tells. @returns {Promise<string[]>} */
async function blockedDevices() {
  const states = await Promise.allSettled(["camera", "microphone"].map(async (name) => {
    const permission = await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
    return permission.state === "denied" ? name : "";
  }));
  return states.flatMap((each) => (each.status === "fulfilled" && each.value ? [each.value] : []));
}

/** @param {string} [deviceId] */
const exactly = (deviceId) => (deviceId ? { deviceId: { exact: deviceId } } : {});

/** @param {string} deviceId remembered from before, perhaps unplugged */
const preferring = (deviceId) => (deviceId ? { deviceId: { ideal: deviceId } } : {});

/** @param {unknown} error of getUserMedia or getDisplayMedia @returns {string} key of the sentence that explains it */
export function errorKey(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "capture_not_allowed";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "capture_not_found";
  if (name === "NotReadableError" || name === "AbortError") return "capture_in_use";
  return "capture_failed";
}
