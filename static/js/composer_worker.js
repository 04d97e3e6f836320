// The composer's worker: timers and pictures here go on at full pace while the tab is hidden. Ends with close() of composer.js.
// Messages in: {type: "begin", writable, size}, {type: "arrange", scene, inset}, {type: "resize", size}, {type: "caption", words},
// {type: "source", name, readable | null}. Out: what ProgramEngine tells.
import { ProgramEngine } from "./program_engine.js";

const MOST_PENDING = 2; // pictures that the browser has not taken yet: more would only be late

/** @type {ProgramEngine | undefined} */ let engine;
/** @type {Map<string, ReadableStreamDefaultReader>} */ const readers = new Map();

/** @param {WritableStream} writable @param {{width: number, height: number}} size */
function begin(writable, size) {
  const writer = writable.getWriter();
  let pending = 0;
  const emit = (/** @type {any} */ image, /** @type {number} */ slot) => {
    if (pending >= MOST_PENDING) return false;
    pending += 1;
    // Even times: the encoder and the viewers' players see no jitter of this worker.
    const frame = new VideoFrame(image, { timestamp: Math.round(slot * 1000) });
    writer.write(frame).then(() => { pending -= 1; }, () => { pending = MOST_PENDING; }); // the track has ended
    return true;
  };
  const canvas = new OffscreenCanvas(size.width, size.height);
  const running = new ProgramEngine(canvas, { emit, tell: (message) => postMessage(message), now: () => performance.now() });
  engine = running;
  const step = () => { setTimeout(step, running.tick()); };
  step();
}

/** @param {string} name @param {ReadableStream | null} readable of VideoFrames */
async function follow(name, readable) {
  void readers.get(name)?.cancel();
  readers.delete(name);
  if (!readable) { engine?.hide(name); return; } // else the old picture stays until the new one comes
  const reader = readable.getReader();
  readers.set(name, reader);
  for (;;) {
    const { done, value } = await reader.read();
    if (readers.get(name) !== reader) { value?.close(); return; }
    if (done) break;
    engine?.show(name, { image: value, width: value.displayWidth, height: value.displayHeight });
  }
  readers.delete(name);
  engine?.hide(name);
}

addEventListener("message", ({ data }) => {
  if (data.type === "begin") begin(data.writable, data.size);
  else if (data.type === "source") void follow(data.name, data.readable);
  else if (data.type === "arrange") engine?.arrange(data.scene, data.inset);
  else if (data.type === "resize") engine?.resize(data.size);
  else if (data.type === "caption") engine?.caption(data.words);
});
