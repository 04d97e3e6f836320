import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyController, rateFor } from "../../static/js/latency_controller.js";

/** A player whose buffer is refilled by a part every 334 ms. Returns the controller's last answers. */
function play(controller, { ahead, seconds, from = 0, part = 0.334 }) {
  let buffered = ahead;
  let rate = 1;
  const answers = [];
  for (let ms = 0; ms < seconds * 1000; ms += 100) {
    buffered -= 0.1 * rate;
    if (Math.floor(ms / (part * 1000)) !== Math.floor((ms - 100) / (part * 1000))) buffered += part;
    const answer = controller.sample(from + ms, buffered);
    rate = answer.rate;
    answers.push({ ...answer, buffered });
  }
  return answers;
}

test("says nothing before a part's saw-tooth was seen", () => {
  const controller = new LatencyController();
  assert.deepEqual(controller.sample(0, 3), { rate: 1, seek: false });
  assert.deepEqual(controller.sample(500, 3), { rate: 1, seek: false });
  assert.ok(controller.sample(700, 3).rate > 1);
});

test("comes down to the aim and stays there", () => {
  const answers = play(new LatencyController(), { ahead: 2, seconds: 60 });
  const lows = answers.slice(-30).map((a) => a.buffered);
  assert.ok(Math.min(...lows) > 0.15 && Math.min(...lows) < 0.45, `least ${Math.min(...lows)}`);
  assert.ok(answers.every((a) => a.rate <= 1.1 && a.rate >= 0.95 && !a.seek));
});

test("slows down when little is left", () => assert.equal(rateFor(-0.2), 0.95));
test("leaves small errors alone", () => assert.equal(rateFor(0.04), 1));
test("never drags or squeaks", () => assert.deepEqual([rateFor(0.051), rateFor(9)].map((r) => +r.toFixed(3)), [1.02, 1.1]));

test("jumps when playing faster would take minutes", () => {
  assert.ok(play(new LatencyController(), { ahead: 6, seconds: 1 }).at(-1).seek);
  assert.ok(!play(new LatencyController(), { ahead: 3, seconds: 1 }).at(-1).seek);
});

test("stalls raise the aim up to a bound, quiet minutes lower it again", () => {
  const controller = new LatencyController();
  for (let i = 0; i < 20; i += 1) controller.stalled(i * 6000);
  assert.equal(controller.aim, 2);
  play(controller, { ahead: 2.5, seconds: 21, from: 114_100 });
  assert.ok(Math.abs(controller.aim - 1.9) < 1e-9);
});

test("one trouble counts once", () => {
  const controller = new LatencyController();
  for (let i = 0; i < 20; i += 1) controller.stalled(1000 + i * 100);
  assert.ok(Math.abs(controller.aim - 0.5) < 1e-9);
});

test("what was measured before a seek counts no more", () => {
  const controller = new LatencyController();
  play(controller, { ahead: 0.3, seconds: 2 });
  controller.reset();
  assert.deepEqual(controller.sample(2100, 5), { rate: 1, seek: false });
});
