import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockMap } from "../../static/js/clock_map.js";
import { cueAt, cutAt, findAll, wordAt, wordPlaces } from "../../static/js/transcript_text.js";

const DATE = 1_700_000_000_000;
const fragment = (/** @type {number} */ start, /** @type {number} */ clock, duration = 2) => ({ start, duration, programDateTime: DATE + clock * 1000 });
// A replay of two takes: of the clock's 4 to 10 s nothing is shown.
const replay = new ClockMap([fragment(0, 0), fragment(2, 2), fragment(4, 10), fragment(6, 12)]);

test("the lecture's clock is the player's time until something was left out", () => {
  for (const at of [0, 1.25, 3.999]) assert.equal(replay.toPlayer(at), at);
  assert.equal(replay.toPlayer(11), 5);
  assert.equal(replay.toClock(5), 11);
  assert.equal(replay.toClock(3), 3);
});

test("what was left out is the beginning of what follows", () => {
  for (const at of [4.5, 7, 9.99]) assert.equal(replay.toPlayer(at), 4);
  assert.equal(replay.toPlayer(-1), 0);
  assert.equal(replay.toPlayer(15), 9); // past what the playlist knows
});

test("a playlist without dates has the player's time", () => {
  assert.equal(new ClockMap([]).toPlayer(7), 7);
  assert.equal(new ClockMap([{ start: 3, duration: 2, programDateTime: null }]).toClock(7), 7);
});

test("a map differs where a moment lies elsewhere, and not by a few ms", () => {
  const longer = new ClockMap([fragment(0, 0), fragment(2, 2)]);
  const live = new ClockMap([fragment(0, 0), fragment(2, 2), fragment(4, 4)]);
  assert.equal(longer.differsFrom(live), false);
  assert.equal(replay.differsFrom(live), true);
  assert.equal(new ClockMap([]).differsFrom(live), true);
  assert.equal(live.differsFrom(new ClockMap([fragment(0.01, 0), fragment(2.02, 2)])), false);
});

const cues = [
  { start: 1, end: 2, text: "a" },
  { start: 3, end: 4, text: "b" },
  { start: 3, end: 4, text: "c" },
];

test("the cue of a moment is the last that has begun", () => {
  assert.deepEqual([0, 1, 2.5, 3, 99].map((at) => cueAt(cues, at)), [-1, 0, 0, 2, 2]);
  assert.equal(cueAt([], 1), -1);
});

test("words stand in the text one behind the other; what was changed has no place", () => {
  const places = wordPlaces({ start: 0, end: 3, text: "the cat, the hat", words: [[0, 1, "the"], [1, 2, "dog"], [2, 3, "the"], [3, 4, "hat"]] });
  assert.deepEqual(places.map(({ from, to }) => [from, to]), [[0, 3], [9, 12], [13, 16]]);
  assert.deepEqual([-1, 0.5, 2.5, 9].map((at) => wordAt(places, at)), [-1, 0, 1, 2]);
});

test("what is looked for is found in either width and case, and across a line break", () => {
  const marked = (/** @type {string} */ text, /** @type {string} */ query) => findAll(text, query).map(([from, to]) => text.slice(from, to));
  assert.deepEqual(marked("二分\n探索と二分探索", "二分探索"), ["二分\n探索", "二分探索"]);
  assert.deepEqual(marked("ﾊﾞﾌﾞﾙｿｰﾄ", "バブル"), ["ﾊﾞﾌﾞﾙ"]);
  assert.deepEqual(marked("Binary SEARCH", "ｓearch"), ["SEARCH"]);
  assert.deepEqual(marked("👩‍🏫 teaches 😀", "teaches"), ["teaches"]);
  assert.deepEqual(marked("anything", "  "), []);
});

test("text is cut at its marks", () => {
  assert.deepEqual(cutAt("abcd", [[1, 2]]), [{ text: "a", marked: false }, { text: "b", marked: true }, { text: "cd", marked: false }]);
  assert.deepEqual(cutAt("ab", []), [{ text: "ab", marked: false }]);
});
