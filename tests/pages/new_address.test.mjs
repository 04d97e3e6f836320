import assert from "node:assert/strict";
import { mock, test } from "node:test";

globalThis.location = { href: "http://kodo.test/library/r", origin: "http://kodo.test" };
globalThis.window = globalThis;
const { ApiError } = await import("../../static/js/api.js");
const { renewWhenDenied } = await import("../../static/js/new_address.js");

mock.timers.enable({ apis: ["setTimeout"] });

class Player extends EventTarget {
  clock = 42;
  video = { paused: false };
  did = [];
  load(url, how) { this.did.push([url, how.startClock]); }
  play() { this.did.push("play"); }
  deny() { this.dispatchEvent(new Event("denied")); }
}

async function later() {
  mock.timers.tick(1000);
  for (let n = 0; n < 5; n++) await null;
}

/** A player whose API gives these answers in turn. */
function stage(...answers) {
  const player = new Player();
  let asked = 0;
  renewWhenDenied(player, async () => {
    asked += 1;
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { player, asked: () => asked };
}

test("who may still watch goes on where they were, asked once however much was refused", async () => {
  const { player, asked } = stage("http://kodo.test/live/new/r.m3u8", "http://kodo.test/live/newer/r.m3u8");
  player.deny();
  player.deny();
  await later();
  assert.deepEqual(player.did.map((one) => (one === "play" ? one : one[1])), [42, "play"]);
  assert.equal(asked(), 1);
  player.video.paused = true;
  player.deny();
  await later();
  assert.equal(player.did.length, 3); // loaded, and left standing
});

test("where the API does not answer it is asked again, and not where it refuses", async () => {
  const { player, asked } = stage(new ApiError(0, "", ""), new ApiError(403, "", ""), "http://kodo.test/live/x/r.m3u8");
  player.deny();
  await later();
  await later();
  await later();
  player.deny();
  await later();
  assert.equal(asked(), 2);
  assert.deepEqual(player.did, []);
});
