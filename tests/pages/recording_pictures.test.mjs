import assert from "node:assert/strict";
import { test } from "node:test";
import { heightsOf, outlineOf, silencesOf } from "../../static/js/loudness.js";
import { cueAt, cuesOf } from "../../static/js/storyboard.js";

const TEXT = `WEBVTT

00:00:00.000 --> 00:00:04.000
storyboard-0.webp#xywh=0,0,160,90

00:00:04.000 --> 01:00:01.500
storyboard-12.webp#xywh=1440,810,160,90
`;

test("what WebVTT says", () => {
  const cues = cuesOf(TEXT, "http://h/watch/s1/storyboard.vtt?v=2");
  assert.deepEqual(cues, [
    { start: 0, end: 4, url: "http://h/watch/s1/storyboard-0.webp", x: 0, y: 0, width: 160, height: 90 },
    { start: 4, end: 3601.5, url: "http://h/watch/s1/storyboard-12.webp", x: 1440, y: 810, width: 160, height: 90 },
  ]);
  assert.deepEqual(cuesOf(TEXT.replaceAll("\n", "\r\n"), "http://h/watch/s1/storyboard.vtt"), cues);
  assert.deepEqual(cuesOf("WEBVTT\n", "http://h/x"), []);
});

test("the picture at a second", () => {
  const cues = cuesOf(TEXT, "http://h/watch/s1/storyboard.vtt");
  assert.deepEqual([-1, 0, 3.9, 4, 3000, 9000].map((at) => cues.indexOf(cueAt(cues, at))), [0, 0, 0, 1, 1, 1]);
  assert.equal(cueAt([], 3), null);
});

test("silence is a stretch, a pause for breath is none", () => {
  const levels = [-20, -20, -90, -20, -90, -90, -90, -90, -90, -20, -90, -90, -90, -90];
  assert.deepEqual(silencesOf({ seconds: 13.5, step: 1, levels }), [{ start: 4, end: 9 }]);
  assert.deepEqual(silencesOf({ seconds: 14, step: 1, levels }), [{ start: 4, end: 9 }, { start: 10, end: 14 }]);
  assert.deepEqual(silencesOf({ seconds: 36, step: 3.6, levels: Array(10).fill(-90) }), [{ start: 0, end: 36 }]);
  assert.deepEqual(silencesOf({ seconds: 0, step: 1, levels: [] }), []);
});

test("the curve stands between foot and top, whoever speaks softly", () => {
  const loud = heightsOf({ seconds: 3, step: 1, levels: [-12, -30, -90] });
  assert.deepEqual(loud, [1, 0.5, 0]);
  const soft = heightsOf({ seconds: 3, step: 1, levels: [-30, -48, -90] });
  assert.deepEqual(soft, loud);
  assert.ok(heightsOf({ seconds: 2, step: 1, levels: [-62, -65] }).every((height) => height < 0.3), "noise alone is no speech");
});

test("as an SVG draws it", () => {
  assert.equal(outlineOf([1, 0.5]), "M0 1V0.000H1V0.500H2V1Z");
  assert.equal(outlineOf([]), "M0 1V1Z");
});
