import assert from "node:assert/strict";
import { test } from "node:test";
import { PlayFigures, stateOfVideo } from "../../static/js/play_figures.js";

/** @typedef {"playing" | "waiting" | "resting"} State */

/** @param {State[]} states one a second */
function after(states) {
  const figures = new PlayFigures();
  states.forEach((state, second) => figures.look(state, 100 + second));
  return figures.told;
}

test("what is played counts, rests do not", () => {
  assert.deepEqual(after(["resting", "playing", "playing", "resting", "resting", "playing"]), { seconds: 3, stalled: 0, stalls: 0 });
});

test("waiting before the first picture is loading, later it is a stall", () => {
  assert.deepEqual(after(["resting", "waiting", "waiting", "playing", "waiting", "waiting", "playing", "waiting"]), { seconds: 2, stalled: 3, stalls: 2 });
});

test("a machine that slept has played nothing meanwhile", () => {
  const figures = new PlayFigures();
  figures.look("playing", 0);
  figures.look("playing", 8 * 3600);
  assert.equal(figures.told.seconds, 90);
  figures.look("playing", 0); // a clock that goes back
  assert.equal(figures.told.seconds, 90);
});

test("a video that seeks or has ended rests", () => {
  const video = { paused: false, ended: false, seeking: false, readyState: 4 };
  assert.equal(stateOfVideo(video), "playing");
  assert.equal(stateOfVideo({ ...video, readyState: 2 }), "waiting");
  for (const rest of [{ paused: true }, { ended: true }, { seeking: true }]) assert.equal(stateOfVideo({ ...video, ...rest }), "resting");
});
