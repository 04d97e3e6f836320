import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { href: "http://kodo.test/rooms/hall", origin: "http://kodo.test" };
const { EventFeed } = await import("../../static/js/event_feed.js");

const ADDRESSES = { snapshot_url: "https://public.example/live/open/r/events/snapshot", batch_url: "https://public.example/live/open/r/events/{k}" };

/** A server that gives these answers in turn and then holds for ever. */
function server(answers) {
  const asked = [];
  const fetch = (url, { signal }) => {
    asked.push(url.replace("http://kodo.test/live/open/r/events/", ""));
    const answer = answers.shift();
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer) return Promise.resolve(typeof answer === "number" ? new Response(null, { status: answer }) : Response.json(answer));
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  };
  return { asked, fetch };
}

/** Runs a feed against the answers until nothing is left of them, and tells what it said. */
async function listen(answers) {
  const { asked, fetch } = server(answers);
  const feed = new EventFeed(ADDRESSES, { fetch, wait: () => Promise.resolve() });
  const told = [];
  for (const name of ["snapshot", "event", "trouble", "well", "denied"]) {
    feed.addEventListener(name, (e) => told.push(e.detail === undefined || e.detail === null ? name : [name, e.detail]));
  }
  feed.start();
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
  feed.stop();
  return { asked, told };
}

test("a snapshot, then batch after batch, at the page's own origin", async () => {
  const { asked, told } = await listen([{ next: 7, state: { viewers: 1 } }, { next: 8, events: [{ seq: 1 }, { seq: 2 }] }, 204]);
  assert.deepEqual(asked, ["snapshot", "7", "8", "8"]);
  assert.deepEqual(told, [["snapshot", { next: 7, state: { viewers: 1 } }], ["event", { seq: 1 }], ["event", { seq: 2 }]]);
});

test("a broken line is tried again, and nothing of what happened meanwhile is left out", async () => {
  const { asked, told } = await listen([{ next: 7, state: {} }, new TypeError("network"), 502, { next: 12, state: {} }, { next: 8, events: [] }]);
  assert.deepEqual(asked, ["snapshot", "7", "snapshot", "snapshot", "7", "8"]);
  assert.deepEqual(told.filter((t) => typeof t === "string"), ["trouble", "trouble", "well"]);
});

test("a numbering that is not ours any more begins anew with the snapshot", async () => {
  assert.deepEqual((await listen([{ next: 7, state: {} }, 400, { next: 2, state: {} }])).asked, ["snapshot", "7", "snapshot", "2"]);
});

test("a refused address ends the feed and says so", async () => {
  const { asked, told } = await listen([{ next: 7, state: {} }, 403]);
  assert.deepEqual(asked, ["snapshot", "7"]);
  assert.equal(told.at(-1), "denied");
});
