import assert from "node:assert/strict";
import { test } from "node:test";
import { isSame, joined, preciseTime, shownAgainAt, shownSeconds, timeTyped } from "../../static/js/hidden_spans.js";
import { ClockMap } from "../../static/js/clock_map.js";

const cut = (/** @type {number} */ start, /** @type {number} */ end) => ({ start, end, kind: /** @type {const} */ ("cut") });
const secret = (/** @type {number} */ start, /** @type {number} */ end) => ({ start, end, kind: /** @type {const} */ ("private") });

test("spans of a kind that touch are joined, others stay apart", () => {
  assert.deepEqual(joined([cut(5, 8), secret(6, 7), cut(1, 2), cut(2, 5.5)]), [cut(1, 8), secret(6, 7)]);
  assert.deepEqual(joined([]), []);
  const given = [cut(3, 4), cut(1, 3)];
  joined(given);
  assert.deepEqual(given, [cut(3, 4), cut(1, 3)]);
});

test("the same spans in another order are no change", () => {
  assert.ok(isSame([cut(1, 2), secret(5, 6)], [secret(5, 6), cut(1, 2)]));
  assert.ok(!isSame([cut(1, 2)], [secret(1, 2)]));
  assert.ok(!isSame([cut(1, 2)], []));
});

test("the preview goes on where nothing hides it any more", () => {
  const spans = [cut(2, 4), secret(3.5, 6), cut(8, 9)];
  assert.equal(shownAgainAt(spans, 1.9), null);
  assert.equal(shownAgainAt(spans, 2), 6);
  assert.equal(shownAgainAt(spans, 5), 6);
  assert.equal(shownAgainAt(spans, 6), null);
});

test("what is left of the length", () => {
  assert.equal(shownSeconds([cut(2, 4), secret(3, 6), cut(18, 900)], 20), 14);
  assert.equal(shownSeconds([], 20), 20);
});

test("times as they are told and typed", () => {
  assert.equal(preciseTime(247.34), "4:07.3");
  assert.equal(preciseTime(3847), "1:04:07.0");
  assert.equal(preciseTime(59.97), "1:00.0");
  for (const [text, seconds] of /** @type {[string, number | null][]} */ ([
    ["90", 90], ["1:30", 90], [" 1:02:03.5 ", 3723.5], ["4：07.3", 247.3], ["", null], ["1:", null], ["a", null], ["-3", null], ["1:2:3:4", null],
  ])) assert.equal(timeTyped(text), seconds, text);
});

test("of a recording that is trimmed at its beginning the clock is still the lecture's own", () => {
  const began = 1_700_000_000_000;
  const trimmed = [0, 2, 4].map((start) => ({ start, duration: 2, programDateTime: began + (start + 10) * 1000 }));
  const map = new ClockMap(trimmed, began);
  assert.equal(map.toPlayer(11), 1);
  assert.equal(map.toClock(1), 11);
  assert.equal(map.toPlayer(3), 0); // before all that is shown
  assert.equal(new ClockMap([], began).toPlayer(3), 3);
});
