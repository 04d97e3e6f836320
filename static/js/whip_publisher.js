// Sends a stream to the room by WHIP (RFC 9725) and goes on by itself after a line cut, with a fresh token each time.
// Owned by the studio page; runs from start() to stop().
import { ownAddress, problemOf } from "./api.js";
import { backoffMs, pause } from "./backoff.js";
import { lineFigures, lineIsDead } from "./line_quality.js";
import { h264First, iceServersOf } from "./sdp_choices.js";

const DISCONNECTED_MS = 1500; // "disconnected" often heals by itself within a second
const CONNECT_MS = 6000;
const GATHER_MS = 1000; // candidates found until then are enough on any line that works
const WATCH_MS = 1000;
const DOUBT_MS = 5000;
const SETTLED_MS = 5000; // a line that held so long is not failing again and again
const STUCK_AFTER = 3; // tries that all failed: it is time to say why nothing happens
const MAX_FRAMERATE = 30;

/** @typedef {"idle" | "connecting" | "live" | "reconnecting" | "taken" | "ended"} PublisherState */

/** A refusal that trying again does not mend. */
class Refusal extends Error {
  /** @param {{status: number, title: string, detail: string}} problem of the server */
  constructor({ status, title, detail }) { super(detail || title); this.status = status; this.title = title; }
}

/** The line was lost after it had been up. */
class LineLost extends Error {}

/**
 * Events: `state` (detail: PublisherState), `refused` (detail: {status, title, detail}; state is then "ended", for 409 "taken"),
 * `stuck` (the third try in a row has failed; it goes on trying), `figures` (detail: see line_quality.js, each second while live).
 */
export class WhipPublisher extends EventTarget {
  /** @type {PublisherState} */ #state = "idle";
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {RTCRtpSender | null} */ #videoSender = null;
  /** @type {RTCIceServer[]} */ #iceServers = []; // told with each 201, good for the next try (RFC 9725 4.6)
  /** @type {{url: string, token: string} | null} */ #resource = null;
  #run = new AbortController();
  /** @type {AbortController | null} */ #attempt = null;
  #failures = 0;
  /** @type {string | null} */ #publication = null; // our last one: reconnecting displaces no other
  #takeover = false;
  #doubtedUntil = 0;

  /** @param {{takeToken: (wish: {takeover: boolean, publication: string | null}) => Promise<{token: string, whip_url: string}>}} means */
  constructor({ takeToken }) {
    super();
    this.takeToken = takeToken;
    /** @type {MediaStream | null} */ this.stream = null;
    /** Bits per second of the picture, at most. */ this.bitrate = 2_500_000;
  }

  get state() { return this.#state; }

  /** @param {MediaStream} stream @param {number} bitrate of the picture, at most @param {boolean} [takeover] */
  start(stream, bitrate, takeover = false) {
    this.#run.abort();
    this.#run = new AbortController();
    this.#run.signal.addEventListener("abort", () => this.#attempt?.abort(), { once: true });
    this.stream = stream;
    this.bitrate = bitrate;
    this.#failures = 0;
    this.#publication = null;
    this.#takeover = takeover;
    void this.#publishUntilStopped(this.#run.signal);
  }

  /**
   * End the publication. The session stays until it is ended by the API.
   * @param {{sessionEnded?: boolean}} [how] the publication went with its session: there is nothing to withdraw
   */
  async stop({ sessionEnded = false } = {}) {
    this.#run.abort();
    this.#close();
    if (!sessionEnded) await this.#withdraw();
    this.#resource = null;
    this.#become("ended");
  }

  /** A new publication now: the tracks need another offer. */
  restart() { this.#attempt?.abort(); }

  /** The recorder seems to be a new one: for a while, half the silence is proof enough that the line is dead. */
  doubt() { this.#doubtedUntil = performance.now() + DOUBT_MS; }

  /**
   * Another picture or sound without a new publication, where the offer has room for it.
   * @param {MediaStream} stream @param {number} bitrate of the picture, at most
   */
  async replace(stream, bitrate) {
    this.stream = stream;
    this.bitrate = bitrate;
    if (!this.#pc) return;
    const video = stream.getVideoTracks()[0] ?? null;
    const audio = stream.getAudioTracks()[0] ?? null;
    const senders = this.#pc.getTransceivers().map((transceiver) => transceiver.sender);
    if (senders.length !== 2) { this.restart(); return; }
    await Promise.all([senders[0].replaceTrack(audio), senders[1].replaceTrack(video)]);
    await this.#tune();
  }

  /** @param {AbortSignal} signal */
  async #publishUntilStopped(signal) {
    this.#become("connecting");
    while (!signal.aborted) {
      try {
        await this.#publishOnce(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#close();
        if (error instanceof Refusal) { this.#refused(error); return; }
        console.info("publishing again:", String(error));
        this.#failures += 1;
        if (this.#failures === STUCK_AFTER) this.#tell("stuck", this.#failures);
        this.#become(this.#state === "connecting" ? "connecting" : "reconnecting");
        // A line that was up is tried again at once; the old publication is superseded.
        const wait = error instanceof LineLost && this.#failures === 1 ? 50 : backoffMs(this.#failures, { first: 0.3, most: 3 });
        await pause(wait, signal);
      }
    }
  }

  /** Returns never: throws LineLost, Refusal, or what kept it from connecting. @param {AbortSignal} run */
  async #publishOnce(run) {
    this.#close();
    this.#attempt = new AbortController();
    const signal = this.#attempt.signal;
    const { token, whip_url } = await this.#token();
    if (run.aborted) throw new LineLost("stopped");
    const pc = await this.#prepare();
    const answer = await this.#post(whip_url, token, pc.localDescription?.sdp ?? "", signal);
    if (run.aborted) { await this.#withdraw(); throw new LineLost("stopped"); }
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    await connected(pc, signal);
    await this.#tune();
    this.#takeover = false;
    this.#doubtedUntil = 0;
    this.#become("live");
    await this.#untilLost(pc, signal);
  }

  async #token() {
    try {
      const { token, whip_url } = await this.takeToken({ takeover: this.#takeover, publication: this.#publication });
      return { token, whip_url: ownAddress(whip_url) };
    } catch (error) {
      const status = /** @type {any} */ (error).status ?? 0;
      if ([401, 403, 404, 409].includes(status)) throw new Refusal(/** @type {any} */ (error));
      throw error;
    }
  }

  async #prepare() {
    const pc = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: "max-bundle" });
    this.#pc = pc;
    const stream = /** @type {MediaStream} */ (this.stream);
    const [audio, video] = [stream.getAudioTracks()[0], stream.getVideoTracks()[0]];
    pc.addTransceiver(audio ?? "audio", { direction: "sendonly", streams: [stream] });
    this.#videoSender = null;
    if (video) {
      const encoding = { maxBitrate: this.bitrate, maxFramerate: MAX_FRAMERATE };
      const transceiver = pc.addTransceiver(video, { direction: "sendonly", streams: [stream], sendEncodings: [encoding] });
      const codecs = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
      transceiver.setCodecPreferences?.(h264First(codecs));
      this.#videoSender = transceiver.sender;
    }
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc);
    return pc;
  }

  /** @param {string} url @param {string} token @param {string} sdp @param {AbortSignal} signal @returns {Promise<string>} the answer */
  async #post(url, token, sdp, signal) {
    const headers = { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` };
    const response = await fetch(url, { method: "POST", headers, body: sdp, signal: either(signal, CONNECT_MS) });
    if (response.status !== 201) {
      const problem = await problemOf(response);
      // 401: the token ran out on the way; 429, 502, 503, 504: it is a matter of time. The rest is a refusal.
      if ([401, 408, 429, 500, 502, 503, 504].includes(response.status)) throw problem;
      throw new Refusal(problem);
    }
    this.#iceServers = iceServersOf(response.headers.get("Link") ?? "");
    const location = response.headers.get("Location");
    this.#resource = location ? { url: ownAddress(new URL(location, url).href), token } : null;
    this.#publication = location ? decodeURIComponent(location.split("/").at(-1) ?? "") : null;
    return response.text();
  }

  /** What the encoder may do; set again with every new track. */
  async #tune() {
    const sender = this.#videoSender;
    if (!sender?.track) return;
    // Also for slides: with "detail" Chromium drops pictures, and another hint would begin the next take.
    sender.track.contentHint = "motion";
    const parameters = /** @type {any} */ (sender.getParameters());
    parameters.degradationPreference = "maintain-resolution";
    for (const encoding of parameters.encodings ?? []) {
      encoding.maxBitrate = this.bitrate;
      encoding.maxFramerate = MAX_FRAMERATE;
    }
    try {
      await sender.setParameters(parameters);
    } catch (error) {
      console.info("the encoder keeps its own settings:", error); // Firefox before 128 knows fewer of them
    }
  }

  /** @param {RTCPeerConnection} pc @param {AbortSignal} signal */
  async #untilLost(pc, signal) {
    const since = performance.now();
    let badSince = 0;
    /** @type {import("./line_quality.js").LineFigures | null} */ let figures = null;
    while (!signal.aborted) {
      const doubted = performance.now() < this.#doubtedUntil;
      await pause(badSince || doubted ? 250 : WATCH_MS, either(signal, WATCH_MS, pc));
      const state = pc.connectionState;
      badSince = state === "connected" ? 0 : badSince || performance.now();
      if (state === "failed" || state === "closed") break;
      if (badSince && performance.now() - badSince > DISCONNECTED_MS) break;
      figures = lineFigures(await pc.getStats(), figures, performance.now());
      if (lineIsDead(figures, performance.now(), doubted)) break;
      if (performance.now() - since > SETTLED_MS) this.#failures = 0;
      this.#tell("figures", figures);
    }
    throw new LineLost(signal.aborted ? "asked for" : `connection ${pc.connectionState}`);
  }

  #close() {
    this.#pc?.close();
    this.#pc = null;
    this.#videoSender = null;
  }

  async #withdraw() {
    const resource = this.#resource;
    this.#resource = null;
    if (!resource) return;
    const headers = { Authorization: `Bearer ${resource.token}` };
    try {
      await fetch(resource.url, { method: "DELETE", headers, keepalive: true });
    } catch (error) {
      console.info("the server will notice by itself that this publication is over:", error);
    }
  }

  /** @param {Refusal} error */
  #refused(error) {
    this.#become(error.status === 409 ? "taken" : "ended");
    this.#tell("refused", { status: error.status, title: error.title, detail: error.message });
  }

  /** @param {PublisherState} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell("state", state);
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

/** @param {RTCPeerConnection} pc */
function gathered(pc) {
  return new Promise((resolve) => {
    if (pc.iceGatheringState === "complete") return resolve(undefined);
    const timer = setTimeout(resolve, GATHER_MS);
    pc.addEventListener("icegatheringstatechange", () => {
      if (pc.iceGatheringState === "complete") { clearTimeout(timer); resolve(undefined); }
    });
  });
}

/** @param {RTCPeerConnection} pc @param {AbortSignal} signal */
function connected(pc, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no connection in time")), CONNECT_MS);
    const look = () => {
      if (pc.connectionState === "connected") { clearTimeout(timer); resolve(undefined); }
      if (pc.connectionState === "failed" || pc.connectionState === "closed") { clearTimeout(timer); reject(new Error("no way through")); }
    };
    pc.addEventListener("connectionstatechange", look);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new LineLost("asked for")); }, { once: true });
    look();
  });
}

/** A signal that ends with `signal`, after `ms`, or when `pc` changes its state. @param {AbortSignal} signal @param {number} ms @param {RTCPeerConnection} [pc] */
function either(signal, ms, pc) {
  const joined = new AbortController();
  const end = () => joined.abort();
  if (signal.aborted) end();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true, signal: joined.signal });
  pc?.addEventListener("connectionstatechange", end, { once: true, signal: joined.signal });
  joined.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return joined.signal;
}
