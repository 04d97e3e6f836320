// Camera, microphone and screen: asks for them, keeps one stream of at most one video and one audio track.
// Owned by the studio page; tracks it replaces are stopped.

const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CAMERA = { width: { ideal: 1280, max: 1920 }, height: { ideal: 720, max: 1080 }, frameRate: { ideal: 30, max: 30 } };
const SCREEN = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 30, max: 30 } };

/** Events: `change` (the tracks have changed), `screen-ended` (the browser's own button stopped the sharing). */
export class Capture extends EventTarget {
  stream = new MediaStream();
  /** @type {"camera" | "screen"} */ kind = "camera";

  /** Whether this page may ask at all: browsers hide cameras from plain HTTP. */
  static get possible() { return Boolean(navigator.mediaDevices?.getUserMedia); }
  static get screenPossible() { return Boolean(navigator.mediaDevices?.getDisplayMedia); }

  get video() { return this.stream.getVideoTracks()[0] ?? null; }
  get audio() { return this.stream.getAudioTracks()[0] ?? null; }

  /**
   * Camera and microphone by one question to the user; what is not there is left out.
   * @param {string} camera @param {string} microphone device ids, "" any @returns {Promise<unknown[]>} what went wrong
   */
  async begin(camera, microphone) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { ...CAMERA, ...preferring(camera) }, audio: { ...AUDIO, ...preferring(microphone) },
      });
      for (const track of stream.getTracks()) this.#take(track);
      return [];
    } catch (error) {
      // A refusal is for both; a missing or busy device leaves the other one.
      if (errorKey(error) === "capture_not_allowed") return [error];
      const tries = await Promise.allSettled([this.useMicrophone(), this.useCamera()]);
      return tries.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    }
  }

  /** @param {string} [deviceId] "" any @returns {Promise<void>} throws a DOMException, see errorKey() */
  async useCamera(deviceId) {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { ...CAMERA, ...exactly(deviceId) } });
    this.kind = "camera";
    this.#take(stream.getVideoTracks()[0]);
  }

  async useScreen() {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: SCREEN });
    const track = stream.getVideoTracks()[0];
    track.addEventListener("ended", () => { if (track === this.video) this.dispatchEvent(new Event("screen-ended")); });
    this.kind = "screen";
    this.#take(track);
  }

  /** @param {string} [deviceId] "" any */
  async useMicrophone(deviceId) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { ...AUDIO, ...exactly(deviceId) } });
    this.#take(stream.getAudioTracks()[0]);
  }

  /** No picture (a lecture of sound only). */
  dropVideo() {
    this.kind = "camera";
    this.#remove(this.video);
    this.#changed();
  }

  /** @param {boolean} muted */
  mute(muted) { if (this.audio) this.audio.enabled = !muted; }

  /** @returns {Promise<{cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[]}>} */
  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    const of = (/** @type {string} */ kind) => all.filter((d) => d.kind === kind && d.deviceId);
    return { cameras: of("videoinput"), microphones: of("audioinput") };
  }

  close() { for (const track of this.stream.getTracks()) track.stop(); }

  /** @param {MediaStreamTrack} track */
  #take(track) {
    const old = track.kind === "video" ? this.video : this.audio;
    if (track.kind === "audio" && old) track.enabled = old.enabled;
    this.#remove(old);
    this.stream.addTrack(track);
    this.#changed();
  }

  /** @param {MediaStreamTrack | null} track */
  #remove(track) {
    if (!track) return;
    this.stream.removeTrack(track);
    track.stop();
  }

  #changed() { this.dispatchEvent(new Event("change")); }
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
