import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedRooms } from "../../static/js/shared_rooms.js";

const ADDRESSES = { snapshot_url: "/s", batch_url: "/{k}" };
const settle = async () => { for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve)); };

/** A feed whose news the test tells. */
class Feed extends EventTarget {
  running = false;
  seq = 0;
  start() { this.running = true; }
  stop() { this.running = false; }
  snapshot() { return Promise.resolve({ next: 9, seq: this.seq, state: { viewers: this.seq } }); }
  tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

class Tab {
  heard = [];
  postMessage({ name, detail }) { this.heard.push(name === "event" ? detail.seq : name); }
}

function hall() {
  const feeds = [];
  const rooms = new SharedRooms(() => { feeds.push(new Feed()); return feeds.at(-1); });
  return { feeds, rooms };
}

test("two tabs share one feed, and the late one misses nothing", async () => {
  const { feeds, rooms } = hall();
  const [first, late] = [new Tab(), new Tab()];
  rooms.join(first, ADDRESSES);
  feeds[0].tell("snapshot", {});
  for (const seq of [0, 1, 2]) feeds[0].tell("event", { seq });
  feeds[0].seq = 2;
  rooms.join(late, ADDRESSES);
  feeds[0].tell("event", { seq: 3 }); // while its snapshot is on the way
  await settle();
  feeds[0].tell("event", { seq: 4 });
  assert.equal(feeds.length, 1);
  assert.deepEqual(first.heard, ["snapshot", 0, 1, 2, 3, 4]);
  assert.deepEqual(late.heard, ["snapshot", 2, 3, 4]);
});

test("the feed ends with its last tab and begins anew with the next", async () => {
  const { feeds, rooms } = hall();
  const [first, second] = [new Tab(), new Tab()];
  rooms.join(first, ADDRESSES);
  rooms.join(second, ADDRESSES);
  await settle();
  rooms.leave(first);
  assert.ok(feeds[0].running);
  rooms.leave(second);
  assert.ok(!feeds[0].running);
  rooms.join(first, ADDRESSES);
  assert.equal(feeds.length, 2);
});

test("a refused address is told to all, and the next join has a new feed", async () => {
  const { feeds, rooms } = hall();
  const tabs = [new Tab(), new Tab()];
  for (const tab of tabs) rooms.join(tab, ADDRESSES);
  feeds[0].tell("denied");
  assert.deepEqual(tabs.map((tab) => tab.heard.at(-1)), ["denied", "denied"]);
  rooms.join(tabs[0], ADDRESSES);
  assert.equal(feeds.length, 2);
});
