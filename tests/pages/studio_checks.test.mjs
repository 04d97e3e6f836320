import assert from "node:assert/strict";
import { test } from "node:test";
import { uplinkKilobits } from "../../static/js/line_test.js";
import { soundVerdict } from "../../static/js/sound_check.js";

/** Four seconds of a tone, `on` of each second. */
const tone = (height, on = 1) => Float32Array.from({ length: 4 * 8000 }, (_, i) => (i % 8000 < on * 8000 ? height * Math.sin(i / 3) : 0));

test("a verdict on what was recorded", () => {
  assert.equal(soundVerdict(tone(0)), "nothing");
  assert.equal(soundVerdict(tone(0.002)), "nothing");
  assert.equal(soundVerdict(tone(0.008)), "quiet");
  assert.equal(soundVerdict(tone(0.2)), "good");
  assert.equal(soundVerdict(tone(0.2, 0.3)), "good");
  assert.equal(soundVerdict(tone(1)), "loud");
  assert.equal(soundVerdict(new Float32Array(0)), "nothing");
});

test("the line's rate is that of the later half: the first bodies warm it up", () => {
  const body = (ms) => ({ bytes: 250_000, ms });
  assert.equal(uplinkKilobits([body(2000), body(1000), body(500), body(500)]), 4000);
  assert.equal(uplinkKilobits([body(1000)]), 2000);
  assert.equal(uplinkKilobits([]), 0);
});
