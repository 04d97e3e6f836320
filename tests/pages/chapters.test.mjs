import assert from "node:assert/strict";
import { test } from "node:test";
import { chapterAt, placedChapters, secondsOf, timeText } from "../../static/js/chapter_places.js";
import { ClockMap } from "../../static/js/clock_map.js";

const DATE = 1_700_000_000_000;
const fragment = (/** @type {number} */ start, /** @type {number} */ clock, duration = 2) => ({ start, duration, programDateTime: DATE + clock * 1000 });
// Of the clock's 4 to 10 s nothing is shown.
const replay = new ClockMap([fragment(0, 0), fragment(2, 2), fragment(4, 10), fragment(6, 12)]);
const named = (/** @type {number[]} */ ...moments) => moments.map((at) => ({ at, title: `at ${at}` }));

test("chapters stand where the replay has their moment", () => {
  const placed = placedChapters(named(0, 3, 11), replay, 8);
  assert.deepEqual(placed.map(({ start, title }) => [start, title]), [[0, "at 0"], [3, "at 3"], [5, "at 11"]]);
});

test("of some that were left out the last one is told, and none behind the end", () => {
  assert.deepEqual(placedChapters(named(5, 7, 9), replay, 8).map(({ at }) => at), [9]);
  assert.deepEqual(placedChapters(named(5, 10), replay, 8).map(({ at }) => at), [10]);
  assert.deepEqual(placedChapters(named(1, 14, 20), replay, 8).map(({ at }) => at), [1]);
  assert.deepEqual(placedChapters(named(1, 2), new ClockMap([]), 0), []);
});

test("the chapter of a moment", () => {
  const placed = placedChapters(named(1, 3, 11), replay, 8);
  assert.deepEqual([0, 0.99, 1, 2.9, 3, 4.9, 5, 99].map((time) => chapterAt(placed, time)), [-1, 0, 0, 0, 1, 1, 2, 2]);
  assert.equal(chapterAt([], 3), -1);
});

test("times as people type them", () => {
  const typed = { "1:02:03": 3723, "2:03.5": 123.5, "45": 45, "90": 90, " 0:05 ": 5, "１：０５": 65, "1,5": 1.5, "100:00:00": 360000, "75:30": 4530 };
  for (const [text, seconds] of Object.entries(typed)) assert.equal(secondsOf(text), seconds, text);
  for (const text of ["", "x", "1:60", "1:60:00", "-1", "1:", ":1", "1:2:3:4", "1e3", "NaN", "1.2345"]) assert.equal(secondsOf(text), null, text);
});

test("what is written is read again", () => {
  for (const [seconds, text] of /** @type {[number, string][]} */ ([[0, "0:00"], [65.04, "1:05"], [3599.96, "1:00:00"], [3723.5, "1:02:03.5"]])) {
    assert.equal(timeText(seconds), text);
    assert.ok(Math.abs(/** @type {number} */ (secondsOf(text)) - seconds) < 0.051);
  }
});
