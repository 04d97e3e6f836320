import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameClock } from "../../static/js/frame_clock.js";
import { Overload, PaintCost, QUALITIES, qualityFor, smaller } from "../../static/js/picture_quality.js";
import { PictureWatch, isBlack } from "../../static/js/picture_watch.js";

/** Wakes of an uneven timer over `seconds`, and the slots it got. */
function run(clock, wakes) {
  return wakes.map((now) => clock.due(now)).filter((slot) => slot !== null);
}

test("thirty pictures a second, whatever the timer's grain", () => {
  for (const grain of [1, 4, 15.6]) {
    const clock = new FrameClock(30);
    const slots = run(clock, Array.from({ length: Math.ceil(10_000 / grain) }, (_, i) => i * grain));
    assert.ok(Math.abs(slots.length - 300) <= 1, `${grain} ms: ${slots.length}`);
    assert.ok(slots.every((slot, i) => Math.abs(slot - i * (1000 / 30)) < 1e-6));
    assert.equal(clock.missed, 0);
  }
});

test("overslept slots are counted and left out, and the rhythm stays", () => {
  const clock = new FrameClock(30);
  assert.equal(clock.due(0), 0);
  assert.equal(clock.due(20), null);
  assert.ok(Math.abs(clock.due(120) - 100) < 1e-9);
  assert.equal(clock.missed, 2);
  assert.ok(Math.abs(clock.wait(120) - (400 / 3 - 120)) < 1e-9);
});

test("after an hour's sleep of the laptop it goes on from now", () => {
  const clock = new FrameClock(30);
  clock.due(0);
  assert.equal(clock.due(3_600_000), 3_600_000);
  assert.equal(clock.due(3_600_001), null);
});

const picture = (light, noise = 0) => Uint8ClampedArray.from({ length: 4 * 32 }, (_, i) => (i % 4 === 3 ? 255 : light + (noise && i % 8 === 0 ? noise : 0)));

test("black is black all over: a dark scene with a light in it is none", () => {
  assert.ok(isBlack(picture(0)));
  assert.ok(isBlack(picture(12)));
  assert.ok(!isBlack(picture(90)));
  assert.ok(!isBlack(picture(2, 200)));
});

test("for how long a picture is black or stands still", () => {
  const watch = new PictureWatch();
  assert.deepEqual(watch.look(picture(0), 1000), { blackMs: 0, stillMs: 0 });
  assert.deepEqual(watch.look(picture(0), 16_000), { blackMs: 15_000, stillMs: 15_000 });
  assert.deepEqual(watch.look(picture(0, 3), 17_000), { blackMs: 16_000, stillMs: 0 });
  assert.deepEqual(watch.look(picture(90), 18_000), { blackMs: 0, stillMs: 0 });
  assert.deepEqual(watch.look(picture(90), 40_000), { blackMs: 0, stillMs: 22_000 });
});

const means = (more) => ({ cores: 8, uplinkKilobits: 50_000, paintMs: 0, ...more });

test("the size that machine and line carry", () => {
  assert.equal(qualityFor("auto", means()).name, "1080p");
  assert.equal(qualityFor("auto", means({ cores: 4 })).name, "720p");
  assert.equal(qualityFor("auto", means({ uplinkKilobits: null })).name, "720p");
  assert.equal(qualityFor("auto", means({ uplinkKilobits: 2_000 })).name, "480p");
  assert.equal(qualityFor("auto", means({ uplinkKilobits: 100 })).name, "360p");
  assert.equal(qualityFor("auto", means({ paintMs: 10 })).name, "720p");
  assert.equal(qualityFor("auto", means({ paintMs: 25 })).name, "480p");
  assert.equal(qualityFor("360p", means()).name, "360p");
  assert.equal(qualityFor("nonsense", means({ cores: 4 })).name, "720p");
  assert.equal(smaller(QUALITIES[2]).name, "480p");
  assert.equal(smaller(QUALITIES[0]), null);
});

test("only an overload that lasts makes the picture smaller", () => {
  const [, , hd] = QUALITIES;
  const good = { limited: "none", framesPerSecond: 30, kilobits: 2400 };
  const slow = { limited: "cpu", framesPerSecond: 12, kilobits: 900 };
  const starved = { limited: "bandwidth", framesPerSecond: 30, kilobits: 300 };
  const overload = new Overload();
  assert.ok(!overload.look(slow, hd, 1000));
  assert.ok(!overload.look(slow, hd, 15_900));
  assert.ok(!overload.look(good, hd, 15_950));
  assert.ok(!overload.look(starved, hd, 16_000));
  assert.ok(overload.look(starved, hd, 31_000));
  assert.ok(!overload.look(starved, hd, 32_000));
});

test("painting costs what lasted five seconds at its worst", () => {
  const cost = new PaintCost();
  const tell = (...ms) => ms.map((one) => cost.learn(one, 1e6)).at(-1);
  assert.equal(tell(40, 5, 5, 5), 0);
  assert.equal(tell(5), 5);
  assert.equal(tell(5, 30, 30, 30, 30), 5);
  assert.equal(tell(30), 30);
  assert.equal(tell(1, 1, 1, 1, 1, 1), 30);
});
