import assert from "node:assert/strict";
import { test } from "node:test";
import { PlaybackMemory } from "../../static/js/playback_memory.js";

/** @param {Record<string, string>} [kept] */
function storage(kept = {}) {
  return { kept, getItem: (key) => kept[key] ?? null, setItem: (key, value) => { kept[key] = value; } };
}

test("taste is kept and given back", () => {
  const disk = storage();
  assert.deepEqual(new PlaybackMemory(disk).taste, { volume: 1, muted: false, rate: 1 });
  new PlaybackMemory(disk).keepTaste({ volume: 0.4, muted: true });
  new PlaybackMemory(disk).keepTaste({ rate: 1.5 });
  assert.deepEqual(new PlaybackMemory(disk).taste, { volume: 0.4, muted: true, rate: 1.5 });
});

test("what somebody else wrote there does no harm", () => {
  for (const text of ["", "x", "null", "[]", '"a"', '{"volume": 9, "rate": "fast", "muted": 1}', '{"a": null, "b": 7, "c": {"at": -1, "kept": 1}}']) {
    const memory = new PlaybackMemory(storage({ "kodo-player": text, "kodo-places": text }));
    assert.deepEqual(memory.taste, { volume: 1, muted: false, rate: 1 }, text);
    for (const id of ["a", "b", "c"]) assert.equal(memory.placeIn(id), null, text);
    memory.keepPlace("d", 50, 100);
    assert.equal(memory.placeIn("d"), 50);
  }
});

test("a place per recording, not at its very beginning or end", () => {
  const memory = new PlaybackMemory(storage());
  memory.keepPlace("one", 700.8, 3600);
  memory.keepPlace("two", 3, 3600);
  memory.keepPlace("three", 3590, 3600);
  memory.keepPlace("short", 5, 10);
  assert.deepEqual(["one", "two", "three", "short", "four"].map((id) => memory.placeIn(id)), [700, null, null, 5, null]);
  memory.keepPlace("one", 3599, 3600);
  assert.equal(memory.placeIn("one"), null, "watched to its end");
});

test("the recordings left longest ago are forgotten first", () => {
  const memory = new PlaybackMemory(storage());
  for (let n = 0; n < 150; n += 1) memory.keepPlace(`r${n}`, 50, 100);
  assert.equal(memory.placeIn("r49"), null);
  assert.equal(memory.placeIn("r50"), 50);
  assert.equal(memory.placeIn("r149"), 50);
});

test("a full storage is no error", () => {
  const full = { getItem: () => null, setItem: () => { throw new Error("QuotaExceededError"); } };
  new PlaybackMemory(full).keepTaste({ volume: 0.5 });
});
