import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../static/js/api.js";
import { Completion } from "../../static/js/completion.js";
import { copyType, coveredGaps, factsOf, fillable, limitOf, nextToGo, piecesFor } from "../../static/js/copy_choice.js";
import { CopyPace } from "../../static/js/copy_pace.js";
import { lengthInWords } from "../../static/js/figures.js";
import { measureOffset } from "../../static/js/server_offset.js";

const STARTED = 1_000_000;
const ROOM = "algebra";

/** A piece of `session` from `from` to `to`, seconds of the session's clock. */
const piece = (id, from, to, { session = "s", bytes = 100 } = {}) => ({
  id, session, room: ROOM, mime: "video/webm", began_at: STARTED + from, seconds: to - from, bytes, upload: null,
});
const CHAIN = [piece("a", 0, 61), piece("b", 60, 121), piece("c", 120, 181), piece("d", 180, 240)];
const ids = (pieces) => pieces.map((one) => one.id).join("");

test("the type that survives being cut off comes first", () => {
  assert.equal(copyType(() => true), "video/webm;codecs=h264,opus");
  assert.equal(copyType((type) => type.startsWith("video/mp4")), "video/mp4;codecs=avc1.42E01F,opus");
  assert.equal(copyType(() => false), null);
});

test("of a piece's facts a torn line is left out", () => {
  const text = '{"id":"a","seconds":0}\n{"seconds":1.5}\n{"began_at":7}\n';
  const whole = { id: "a", seconds: 1.5, began_at: 7 };
  assert.deepEqual(factsOf(text), whole);
  for (const torn of ["", '{"seconds":', '{"seconds":9}', "\0\0\0\n", '\0\n{"seconds":9}\n']) {
    assert.deepEqual(factsOf(text + torn), whole);
  }
  assert.deepEqual(factsOf(""), {});
});

test("copies take half of what the browser gives, and never more than 8 GB", () => {
  assert.equal(limitOf(2e6), 1e6);
  assert.equal(limitOf(1e12), 8e9);
});

test("the oldest session goes first, piece by piece; then the running one's oldest piece", () => {
  const old = [piece("x", -900, -840, { session: "old" }), piece("y", -840, -780, { session: "old" })];
  const older = [piece("z", -2000, -1000, { session: "older" })];
  let all = [...CHAIN, ...old, ...older];
  const gone = [];
  const now = { session: "s", kept: new Set(["d"]), held: new Set() };
  for (let one = nextToGo(all, now); one; one = nextToGo(all, now)) {
    gone.push(one.id);
    all = all.filter((other) => other !== one);
  }
  assert.deepEqual(gone, ["z", "x", "y", "a", "b", "c"]);
  assert.equal(nextToGo([...old, ...older], { ...now, held: new Set(["older"]) }).id, "x");
});

test("what fills a gap is chosen, and 15 seconds around it", () => {
  assert.equal(ids(piecesFor([{ start: 80, end: 100 }], CHAIN, STARTED)), "b");
  assert.equal(ids(piecesFor([{ start: 65, end: 100 }], CHAIN, STARTED)), "ab");
  assert.equal(ids(piecesFor([{ start: 100, end: 130 }], CHAIN, STARTED)), "bc");
  assert.equal(ids(piecesFor([{ start: 10, end: 12 }, { start: 210, end: null }], CHAIN, STARTED)), "ad");
  assert.equal(ids(piecesFor([{ start: 300, end: 320 }, { start: 239.8, end: null }], CHAIN, STARTED)), "");
  assert.equal(ids(piecesFor([], CHAIN, STARTED)), "");
});

test("the notice tells of the gaps that the copy reaches into", () => {
  assert.deepEqual(coveredGaps([{ start: 80, end: 100 }, { start: 500, end: 510 }], CHAIN, STARTED), { count: 1, seconds: 20 });
  assert.deepEqual(coveredGaps([{ start: 80, end: 100 }, { start: 230, end: null }], CHAIN, STARTED), { count: 2, seconds: 30 });
  assert.equal(fillable([{ start: 80, end: 100 }, { start: 230, end: null }, { start: 300, end: 310 }], CHAIN, STARTED), 30);
  assert.equal(lengthInWords(20.2, "en"), "20 seconds");
  assert.equal(lengthInWords(130, "en"), "2 minutes");
});

test("a machine that misses pictures keeps no copy, and tries again when it has been calm", () => {
  const pace = new CopyPace();
  let missed = 0;
  let now = 0;
  const seconds = (count, each) => {
    let kept = true;
    for (let n = 0; n < count; n += 1) { missed += each; now += 1000; kept = pace.look(missed, now); }
    return kept;
  };
  assert.ok(seconds(60, 3));
  assert.ok(!seconds(20, 10));
  assert.ok(!seconds(50, 0));
  assert.ok(seconds(20, 0));
  assert.ok(!seconds(20, 10));
  assert.ok(!seconds(100, 0), "the second time it waits longer");
  assert.ok(seconds(40, 0));
});

test("the shortest round trip tells the server's time", async () => {
  let clock = 5000;
  const trips = [[300, 20], [10, 10], [80, 400]]; // ms there, ms back
  const ask = async () => {
    const [there, back] = trips.shift();
    clock += there;
    const told = (clock + 90_000) / 1000;
    clock += back;
    return told;
  };
  assert.equal(await measureOffset(ask, { rounds: 3, now: () => clock }), 90_000);
});

/** A store and a server with the recording of session `s`. */
class Stage {
  pieces = [...CHAIN];
  removed = [];
  noted = [];
  uploads = [];
  ordered = [];
  told = { ended: true, started_at: STARTED, server_time: 0, gaps: [{ start: 70, end: 90 }], edit_version: 1, healing: { state: null, progress: null } };
  after = [{ state: "running", progress: 0.5 }, { state: "done", progress: 1 }];
  memory = new Map();
  left = []; // gaps, when it is done
  free = true;
  states = [];

  constructor() {
    const store = {
      list: async () => this.pieces,
      file: async (one) => ({ size: one.bytes, one }),
      note: async (id, more) => { this.noted.push([id, more]); },
      remove: async (session) => { this.removed.push(session); this.pieces = this.pieces.filter((one) => one.session !== session); },
      alone: async (_, work) => (this.free ? work() : null),
    };
    const memory = {
      getItem: (key) => this.memory.get(key) ?? null,
      setItem: (key, value) => this.memory.set(key, value),
      removeItem: (key) => this.memory.delete(key),
    };
    const means = {
      gaps: async () => { await null; return this.#gaps(); },
      complete: async (session, copies) => { this.ordered.push(copies); },
      cancel: async () => { this.after = [{ state: "cancelled", progress: null }]; },
      upload: (session, file, one) => this.#upload(file, one),
      wait: async () => {},
      memory,
    };
    this.completion = new Completion(store, ROOM, { kept: () => "", means });
    this.completion.addEventListener("change", () => {
      if (this.states.at(-1) !== this.completion.state) this.states.push(this.completion.state);
    });
  }

  #gaps() {
    const trouble = this.troubles?.shift();
    if (trouble) throw trouble;
    if (this.ordered.length && this.after.length) this.told = { ...this.told, healing: this.after.shift() };
    if (this.told.healing.state === "done") this.told.gaps = this.left;
    return this.told;
  }

  #upload(file, one) {
    const upload = new EventTarget();
    Object.assign(upload, { state: "paused", offset: 0, url: null, pause: () => {}, start: () => {
      this.uploads.push(one.id);
      if (this.stuck) { Object.assign(upload, { state: "sending" }).dispatchEvent(new Event("change")); return; }
      queueMicrotask(() => {
        if (this.refusal) { upload.dispatchEvent(new CustomEvent("failed", { detail: this.refusal })); return; }
        Object.assign(upload, { state: "done", offset: file.size, url: `/copies/on-server-${one.id}/upload` });
        upload.dispatchEvent(new Event("change"));
        upload.dispatchEvent(new Event("done"));
      });
    } });
    return upload;
  }
}

test("a recording is completed: found, uploaded, healed, the copy removed", async () => {
  const stage = new Stage();
  await stage.completion.look();
  assert.deepEqual([stage.completion.state, stage.completion.found], ["found", { count: 1, seconds: 20 }]);
  await stage.completion.complete();
  assert.deepEqual(stage.states, ["found", "uploading", "healing", "complete"]);
  assert.deepEqual(stage.uploads, ["a", "b"]);
  assert.deepEqual(stage.ordered, [["on-server-a", "on-server-b"]]);
  assert.deepEqual(stage.removed, ["s"]);
  assert.equal(stage.memory.size, 0);
});

test("a recording without gaps takes its copy with it; one that runs is left alone", async () => {
  const whole = new Stage();
  whole.told.gaps = [];
  await whole.completion.look();
  assert.deepEqual([whole.removed, whole.completion.state], [["s"], "none"]);
  const running = new Stage();
  running.told.ended = false;
  await running.completion.look();
  assert.deepEqual([running.removed, running.completion.state], [[], "none"]);
});

test("after a reload it goes on by itself, and while the server is away it waits", async () => {
  const stage = new Stage();
  stage.memory.set("kodo-completing", "s");
  stage.troubles = [new ApiError(0, "", ""), new ApiError(503, "", "")];
  const complete = new Promise((resolve) => {
    stage.completion.addEventListener("change", () => { if (stage.completion.state === "complete") resolve(); });
  });
  await stage.completion.look();
  await complete;
  assert.deepEqual(stage.ordered.length, 1);
  const joins = new Stage();
  joins.told.healing.state = "running";
  joins.after = [];
  const healing = new Promise((resolve) => {
    joins.completion.addEventListener("change", () => { if (joins.completion.state === "healing") resolve(); });
  });
  await joins.completion.look();
  await healing;
  joins.told = { ...joins.told, healing: { state: "done", progress: 1 } };
  assert.deepEqual([joins.uploads, joins.ordered], [[], []], "what runs is not ordered again");
});

test("what fails is said, stays said, and can be tried again", async () => {
  const stage = new Stage();
  stage.refusal = new ApiError(507, "", "The server's disk is full.");
  await stage.completion.look();
  await stage.completion.complete();
  assert.deepEqual([stage.completion.state, stage.completion.reason], ["failed", "The server's disk is full."]);
  await stage.completion.look();
  assert.equal(stage.completion.state, "failed");
  assert.deepEqual(stage.removed, []);
  stage.refusal = null;
  await stage.completion.complete();
  assert.equal(stage.completion.state, "complete");
  const job = new Stage();
  job.after = [{ state: "failed", progress: null }];
  await job.completion.look();
  await job.completion.complete();
  assert.deepEqual([job.completion.state, job.completion.reason, job.removed], ["failed", "", []]);
});

test("it can be stopped while it is uploaded and while it is put in, and begun again", async () => {
  const stage = new Stage();
  await stage.completion.look();
  stage.stuck = true;
  stage.completion.addEventListener("change", () => { if (stage.uploads.length === 1) void stage.completion.cancel(); });
  await stage.completion.complete();
  assert.deepEqual([stage.states, stage.ordered, stage.removed], [["found", "uploading", "found"], [], []]);
  assert.equal(stage.memory.size, 0, "a reload does not go on with it");
  stage.stuck = false;
  await stage.completion.complete();
  assert.equal(stage.completion.state, "complete");
  const healing = new Stage();
  await healing.completion.look();
  healing.completion.addEventListener("change", () => { if (healing.completion.state === "healing") void healing.completion.cancel(); });
  await healing.completion.complete();
  assert.deepEqual([healing.states, healing.removed], [["found", "uploading", "healing", "found"], []]);
  await healing.completion.look();
  assert.equal(healing.completion.state, "found");
});

test("what the server could not place is said, and the copy kept", async () => {
  const stage = new Stage();
  stage.left = [{ start: 72, end: 90 }];
  await stage.completion.look();
  await stage.completion.complete();
  assert.deepEqual([stage.completion.state, stage.completion.left, stage.removed], ["partly", 18, []]);
  const ends = new Stage();
  ends.left = [{ start: 70, end: 71.5 }, { start: 400, end: 410 }];
  await ends.completion.look();
  await ends.completion.complete();
  assert.deepEqual([ends.completion.state, ends.completion.left, ends.removed], ["short", 11.5, ["s"]]);
});

test("of two tabs one completes", async () => {
  const stage = new Stage();
  await stage.completion.look();
  stage.free = false;
  await stage.completion.complete();
  assert.equal(stage.completion.state, "elsewhere");
  stage.free = true;
  stage.pieces = [];
  await stage.completion.complete();
  assert.deepEqual([stage.completion.state, stage.ordered], ["none", []]);
});
