import assert from "node:assert/strict";
import { test } from "node:test";
import { isLeftOut, markAt, marksAddress, placeOnBar } from "../../static/js/seek_marks.js";

test("the marks of what is played", () => {
  assert.equal(marksAddress("http://h/live/open/s1/index.m3u8"), "http://h/live/open/s1/marks.json");
  assert.equal(marksAddress("/live/v1.x/s1/replay-3.m3u8"), "/live/v1.x/s1/marks-3.json");
});

test("where a mark lies on the bar", () => {
  const bar = { start: 0, end: 100 };
  assert.deepEqual(placeOnBar({ kind: "slate", start: 20, end: 30, seconds: 10 }, bar), { left: 0.2, width: 0.09999999999999998 });
  assert.deepEqual(placeOnBar({ kind: "slate", start: 20, end: 20, seconds: 10 }, bar), { left: 0.2, width: 0 });
  assert.deepEqual(placeOnBar({ kind: "slate", start: 75, end: null, seconds: 10 }, bar), { left: 0.75, width: 0.25 });
  assert.deepEqual(placeOnBar({ kind: "gap", start: -10, end: 50, seconds: 60 }, bar), { left: 0, width: 0.5 });
  assert.deepEqual(placeOnBar({ kind: "gap", start: 90, end: 140, seconds: 50 }, bar), { left: 0.9, width: 0.09999999999999998 });
});

test("what is not on the bar has no place", () => {
  assert.equal(placeOnBar({ kind: "gap", start: 120, end: 140, seconds: 20 }, { start: 0, end: 100 }), null);
  assert.equal(placeOnBar({ kind: "gap", start: 1, end: 2, seconds: 1 }, { start: 0, end: 0 }), null);
  assert.equal(placeOnBar({ kind: "gap", start: 1, end: 2, seconds: 1 }, { start: 0, end: NaN }), null);
});

test("the mark under the pointer", () => {
  const marks = [
    { kind: "slate", start: 20, end: 30, seconds: 10 },
    { kind: "gap", start: 40, end: 40, seconds: 3 },
    { kind: "slate", start: 90, end: null, seconds: 5 },
  ];
  const found = [10, 19, 25, 31, 39.5, 42, 60, 95].map((at) => marks.indexOf(markAt(marks, at, 1)));
  assert.deepEqual(found, [-1, 0, 0, 0, 1, -1, -1, 2]);
  assert.equal(markAt([], 5, 100), null);
});

test("left out is what has no length of its own", () => {
  assert.ok(isLeftOut({ kind: "slate", start: 5, end: 5, seconds: 9 }));
  assert.ok(!isLeftOut({ kind: "slate", start: 5, end: null, seconds: 9 }));
  assert.ok(!isLeftOut({ kind: "slate", start: 5, end: 6, seconds: 1 }));
  assert.ok(!isLeftOut({ kind: "healed", start: 5, end: 6, seconds: 1 }));
});
