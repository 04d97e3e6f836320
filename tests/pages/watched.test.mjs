import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_SPANS, PlayedSpans } from "../../static/js/played_spans.js";

/** Looks as a player gives them: every quarter of a second of the machine's clock. */
function play(/** @type {PlayedSpans} */ spans, /** @type {number} */ from, /** @type {number} */ to, now = 0, rate = 1) {
  for (let at = from; at <= to; at += rate / 4) spans.look(at, now + (at - from) / rate);
}

test("what is played without a jump is one span", () => {
  const spans = new PlayedSpans();
  assert.ok(spans.isEmpty);
  play(spans, 10, 20);
  assert.deepEqual(spans.take(), [[10, 20]]);
  assert.ok(spans.isEmpty);
  spans.look(20.25, 10.25);
  assert.deepEqual(spans.take(), [[20, 20.25]], "it goes on where it was told");
});

test("a first look plays nothing, and neither does a jump", () => {
  const spans = new PlayedSpans();
  spans.look(300, 0);
  assert.ok(spans.isEmpty);
  play(spans, 300, 310);
  spans.stop();
  play(spans, 60, 65, 10.25);
  assert.deepEqual(spans.take(), [[300, 310], [60, 65]]);
});

test("what the replay leaves out is not played", () => {
  const spans = new PlayedSpans();
  play(spans, 0, 4);
  play(spans, 10, 12, 4.25); // the lecture's clock goes on by six seconds, the player's does not
  assert.deepEqual(spans.take(), [[0, 4], [10, 12]]);
});

test("the fastest speed counts, also in a tab that is looked at once a second", () => {
  const spans = new PlayedSpans();
  for (let second = 0; second <= 10; second += 1) spans.look(2 * second, second);
  assert.deepEqual(spans.take(), [[0, 20]]);
});

test("a player that is held up and one that goes back", () => {
  const spans = new PlayedSpans();
  play(spans, 5, 6);
  spans.look(6, 30);
  spans.look(3, 30.2);
  play(spans, 3, 4, 30.2);
  assert.deepEqual(spans.take(), [[5, 6], [3, 4]]);
});

test("what was not told is told the next time, the newest of it", () => {
  const spans = new PlayedSpans();
  play(spans, 0, 2);
  const taken = spans.take();
  spans.stop();
  play(spans, 50, 51, 40);
  spans.putBack(taken);
  assert.deepEqual(spans.take(), [[0, 2], [50, 51]]);
  spans.putBack(Array.from({ length: 2 * MOST_SPANS }, (_, n) => /** @type {[number, number]} */ ([n, n + 0.5])));
  const kept = spans.take();
  assert.equal(kept.length, MOST_SPANS);
  assert.equal(kept[0][0], MOST_SPANS);
});
