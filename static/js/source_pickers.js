// Which camera, microphone or screen is shown: the studio's buttons and lists, and the preview.
import { Capture, errorKey } from "./capture.js";
import { need, t } from "./page_data.js";

const NONE = "none";

export class SourcePickers {
  /** @param {HTMLElement} root @param {Capture} capture @param {(words: string) => void} problem */
  constructor(root, capture, problem) {
    this.capture = capture;
    this.problem = problem;
    this.preview = /** @type {HTMLVideoElement} */ (need("#preview video", root));
    this.frame = need("#preview", root);
    this.cameras = /** @type {HTMLSelectElement} */ (need("#camera", root));
    this.microphones = /** @type {HTMLSelectElement} */ (need("#microphone", root));
    this.cameraButton = need("#use-camera", root);
    this.screenButton = need("#use-screen", root);
    this.muteButton = need("#mute", root);
    this.screenButton.hidden = !Capture.screenPossible;
    this.#listen();
  }

  /** Ask for camera and microphone and show them. */
  async begin() {
    const errors = await this.capture.begin(kept("camera"), kept("microphone"));
    if (errors.length) this.problem(t(errorKey(errors[0])));
    await this.#fill();
  }

  async useCamera() {
    keep("camera", this.cameras.value);
    if (this.cameras.value === NONE) this.capture.dropVideo();
    else await this.#try(() => this.capture.useCamera(this.cameras.value));
  }

  #listen() {
    this.cameras.addEventListener("change", () => void this.useCamera());
    this.cameraButton.addEventListener("click", () => void this.useCamera());
    this.screenButton.addEventListener("click", () => void this.#try(() => this.capture.useScreen(), true));
    this.microphones.addEventListener("change", () => {
      keep("microphone", this.microphones.value);
      void this.#try(() => this.capture.useMicrophone(this.microphones.value));
    });
    this.muteButton.addEventListener("click", () => this.#toggleMute());
    this.capture.addEventListener("change", () => this.#show());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#fill());
  }

  /** @param {() => Promise<void>} change @param {boolean} [mayBeCancelled] */
  async #try(change, mayBeCancelled = false) {
    try {
      await change();
      this.problem("");
    } catch (error) {
      // Closing the browser's own screen chooser is no error.
      if (!(mayBeCancelled && errorKey(error) === "capture_not_allowed")) this.problem(t(errorKey(error)));
    }
    await this.#fill();
  }

  #toggleMute() {
    const muted = this.muteButton.getAttribute("aria-pressed") !== "true";
    this.capture.mute(muted);
    this.muteButton.setAttribute("aria-pressed", String(muted));
    need("#mute-words").textContent = muted ? t("muted") : t("mute");
    need("use", this.muteButton).setAttribute("href", this.muteButton.dataset[muted ? "iconOff" : "iconOn"]);
  }

  #show() {
    const { video, kind, stream } = this.capture;
    if (this.preview.srcObject !== stream) this.preview.srcObject = stream;
    this.frame.classList.toggle("mirrored", kind === "camera");
    need(".nothing", this.frame).hidden = Boolean(video);
    this.cameraButton.setAttribute("aria-pressed", String(Boolean(video) && kind === "camera"));
    this.screenButton.setAttribute("aria-pressed", String(Boolean(video) && kind === "screen"));
    void this.preview.play().catch((error) => console.info("preview:", error.name)); // a track is being exchanged
  }

  async #fill() {
    const { cameras, microphones } = await this.capture.devices();
    const current = this.capture.kind === "camera" ? this.capture.video : null;
    fill(this.cameras, cameras, current?.getSettings().deviceId ?? this.cameras.value, t("camera_n"));
    const none = new Option(t("no_camera"), NONE);
    none.selected = this.capture.kind === "camera" && !current;
    this.cameras.add(none);
    fill(this.microphones, microphones, this.capture.audio?.getSettings().deviceId ?? "", t("microphone_n"));
  }
}

/** @param {HTMLSelectElement} list @param {MediaDeviceInfo[]} devices @param {string} chosen @param {string} fallback */
function fill(list, devices, chosen, fallback) {
  const options = devices.map((device, n) => new Option(device.label || `${fallback} ${n + 1}`, device.deviceId, false, device.deviceId === chosen));
  list.replaceChildren(...options);
}

/** @param {string} what */
function kept(what) {
  const value = localStorage.getItem(`kodo-${what}`) ?? "";
  return value === NONE ? "" : value;
}

/** @param {string} what @param {string} id */
const keep = (what, id) => localStorage.setItem(`kodo-${what}`, id);
