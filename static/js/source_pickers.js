// Which camera and microphone, the screen, and the buttons that switch them: the studio's lists and the left of its bar.
import { Capture, errorKey } from "./capture.js";
import { need, t } from "./page_data.js";
import { toast } from "./toast.js";

const NONE = "none";

export class SourcePickers {
  #cameras = /** @type {HTMLSelectElement} */ (need("#camera"));
  #microphones = /** @type {HTMLSelectElement} */ (need("#microphone"));
  #cameraButton = need("#use-camera");
  #screenButton = need("#use-screen");
  #muteButton = need("#mute");
  #begun = false;

  /** @param {Capture} capture @param {import("./program.js").Program} program @param {(words: string) => void} problem */
  constructor(capture, program, problem) {
    this.capture = capture;
    this.program = program;
    this.problem = problem;
    this.#screenButton.hidden = !Capture.screenPossible;
    this.#listen();
  }

  /** Ask for camera and microphone and show them. */
  async begin() {
    if (sessionStorage.getItem("kodo-muted") === "on") this.toggleMute(); // a reload does not open a closed microphone
    const errors = await this.capture.begin(kept("camera"), kept("microphone") ?? "");
    if (errors.length) this.problem(t(errorKey(errors[0])));
    // A page that was loaded anew may open cameras by itself, but no screen.
    if (sessionStorage.getItem("kodo-screen") === "on") toast(t("share_again"));
    this.#begun = true;
    await this.#fill();
  }

  /** The camera that is chosen, or any. */
  async useCamera() {
    const id = this.#cameras.value === NONE ? "" : this.#cameras.value;
    await this.#try(() => this.capture.useCamera(id));
    keep("camera", id);
  }

  async toggleCamera() {
    if (!this.capture.camera) { await this.useCamera(); return; }
    this.capture.dropCamera();
    keep("camera", NONE);
    await this.#fill();
  }

  async toggleScreen() {
    if (this.capture.screen) this.capture.dropScreen();
    else await this.shareScreen(this.capture.camera && this.program.scene === "camera" ? "inset" : this.program.scene);
  }

  /** Ask for a screen and show it. @param {string} scene */
  async shareScreen(scene) {
    await this.#try(() => this.capture.useScreen(), true);
    if (this.capture.screen) this.program.choose(scene);
  }

  toggleMute() {
    const muted = !this.capture.muted;
    this.capture.mute(muted);
    sessionStorage.setItem("kodo-muted", muted ? "on" : "off");
    this.#muteButton.setAttribute("aria-pressed", String(muted));
    need("#mute-words").textContent = muted ? t("muted") : t("mute");
    setIcon(this.#muteButton, muted);
  }

  #listen() {
    this.#cameras.addEventListener("change", () => void this.#chooseCamera());
    this.#cameraButton.addEventListener("click", () => void this.toggleCamera());
    this.#screenButton.addEventListener("click", () => void this.toggleScreen());
    this.#muteButton.addEventListener("click", () => this.toggleMute());
    this.#microphones.addEventListener("change", () => {
      keep("microphone", this.#microphones.value);
      void this.#try(() => this.capture.useMicrophone(this.#microphones.value));
    });
    this.capture.addEventListener("change", () => this.#draw());
    this.capture.addEventListener("screen-ended", () => toast(t("screen_ended")));
    this.capture.addEventListener("lost", (e) => void this.#onLost(/** @type {CustomEvent} */ (e).detail));
    this.capture.addEventListener("back", (e) => void this.#onBack(/** @type {CustomEvent} */ (e).detail));
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#fill());
  }

  async #chooseCamera() {
    keep("camera", this.#cameras.value);
    if (this.#cameras.value === NONE) this.capture.dropCamera();
    else await this.useCamera();
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

  /** @param {{kind: string, label: string, substitute: string | null}} lost */
  async #onLost({ kind, label, substitute }) {
    if (substitute) this.problem(t("device_replaced", { label, substitute }));
    else this.problem(kind === "camera" ? t("camera_lost", { label }) : t("microphone_lost", { label }));
    await this.#fill();
  }

  /** @param {{label: string}} back */
  async #onBack({ label }) {
    this.problem("");
    toast(t("device_back", { label }));
    await this.#fill();
  }

  #draw() {
    const { camera, screen } = this.capture;
    this.#cameraButton.setAttribute("aria-pressed", String(camera !== null));
    setIcon(this.#cameraButton, camera === null);
    this.#screenButton.setAttribute("aria-pressed", String(screen !== null));
    need("#use-screen-words").textContent = screen ? t("stop_sharing") : t("share_screen");
    setIcon(this.#screenButton, screen !== null);
    if (this.#begun) sessionStorage.setItem("kodo-screen", screen ? "on" : "off");
  }

  async #fill() {
    const { cameras, microphones } = await this.capture.devices();
    fill(this.#cameras, cameras, this.capture.camera?.getSettings().deviceId ?? "", t("camera_n"));
    const none = new Option(t("no_camera"), NONE);
    none.selected = !this.capture.camera;
    this.#cameras.add(none);
    fill(this.#microphones, microphones, this.capture.microphone?.getSettings().deviceId ?? "", t("microphone_n"));
  }
}

/** @param {HTMLElement} button @param {boolean} off */
const setIcon = (button, off) => need("use", button).setAttribute("href", button.dataset[off ? "iconOff" : "iconOn"] ?? "");

/** @param {HTMLSelectElement} list @param {MediaDeviceInfo[]} devices @param {string} chosen @param {string} fallback */
function fill(list, devices, chosen, fallback) {
  const options = devices.map((device, n) => new Option(device.label || `${fallback} ${n + 1}`, device.deviceId, false, device.deviceId === chosen));
  list.replaceChildren(...options);
}

/** @param {string} what @returns {string | null} device id, "" any, null none */
function kept(what) {
  const value = localStorage.getItem(`kodo-${what}`) ?? "";
  return value === NONE ? null : value;
}

/** @param {string} what @param {string} id */
const keep = (what, id) => localStorage.setItem(`kodo-${what}`, id);
