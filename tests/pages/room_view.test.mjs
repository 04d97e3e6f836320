import assert from "node:assert/strict";
import { test } from "node:test";
import { isRewind, positionOfDate } from "../../static/js/playback_position.js";
import { concerns, newsOfVersion, sessionAfter, versionOf, viewOf } from "../../static/js/room_view.js";

const session = { id: "s1", state: "live", hls_url: "http://h/live/open/s1/index.m3u8", started_at: "2026-11-24T01:00:00Z", ended_at: null, mp4_url: null, mp4_state: null };
const room = { slug: "hall", title: "T", access: "open", may_watch: true, may_host: false, live_base: "/live/open", feed: null, beacon_url: null, beacon_seconds: 30, session };

test("what a room shows", () => {
  assert.equal(viewOf({ ...room, session: null }), "waiting");
  assert.equal(viewOf(room), "live");
  assert.equal(viewOf({ ...room, session: { ...session, state: "slate" } }), "slate");
  assert.equal(viewOf({ ...room, session: { ...session, state: "ended" } }), "replay");
  assert.equal(viewOf({ ...room, session: { ...session, state: "ended", hls_url: null } }), "waiting");
  assert.equal(viewOf({ ...room, may_watch: false, access: "password" }), "locked");
  assert.equal(viewOf({ ...room, may_watch: false, access: "members" }), "members");
  assert.equal(viewOf({ ...room, may_watch: false, refusal: "sign_in", access: "members" }), "members");
  assert.equal(viewOf({ ...room, may_watch: false, refusal: "invited", access: "invited" }), "invited");
  for (const access of ["open", "password", "members"]) {
    assert.equal(viewOf({ ...room, may_watch: false, refusal: "kept_out", access }), "kept_out");
  }
});

test("a session that begins has the address of its live playlist, one that ends of its replay", () => {
  const begun = sessionAfter({ ...room, session: null }, { session: "s2", state: "live", started_at: "2026-11-24T02:00:00Z" });
  assert.equal(begun.hls_url, "/live/open/s2/index.m3u8");
  const ended = sessionAfter({ ...room, session: begun }, { session: "s2", state: "ended", ended_at: "2026-11-24T03:00:00Z" });
  assert.equal(ended.hls_url, "/live/open/s2/replay-1.m3u8");
  assert.equal(ended.started_at, "2026-11-24T02:00:00Z");
  const nothing = sessionAfter({ ...room, session: begun }, { session: "s2", state: "ended", has_replay: false });
  assert.equal(nothing.hls_url, null, "nothing but slates");
});

test("a replay has the newest version that was told of", () => {
  const ended = { ...session, state: "ended", hls_url: "/live/open/s1/replay-2.m3u8", replay_version: 2, ended_at: "2026-11-24T03:00:00Z", mp4_state: "ready", mp4_url: "/x" };
  const later = sessionAfter({ ...room, session: ended }, { session: "s1", state: "ended", has_replay: true, replay_version: 3 });
  assert.equal(later.hls_url, "/live/open/s1/replay-3.m3u8");
  assert.equal(later.replay_version, 3);
  const old = sessionAfter({ ...room, session: later }, { session: "s1", state: "ended", has_replay: true, replay_version: 1 });
  assert.equal(old.hls_url, "/live/open/s1/replay-3.m3u8", "a snapshot of before takes nothing back");
  const another = sessionAfter({ ...room, session: later }, { session: "s2", state: "live", replay_version: 1 });
  assert.deepEqual([another.replay_version, another.hls_url], [1, "/live/open/s2/index.m3u8"]);
});

test("a version of its own is news of the session that is shown", () => {
  const ended = { ...session, state: "ended", hls_url: null, ended_at: "2026-11-24T03:00:00Z", mp4_state: "ready", mp4_url: "/x" };
  const news = newsOfVersion(ended, 2);
  assert.ok(concerns({ ...room, session: ended }, news));
  const after = sessionAfter({ ...room, session: ended }, news);
  assert.deepEqual(after, { ...ended, hls_url: "/live/open/s1/replay-2.m3u8", replay_version: 2, recorder_epoch: null, recording: null, off_record: false });
});

test("the version that an address shows", () => {
  assert.equal(versionOf("http://h/live/v1.r.2.3.m/s1/replay-12.m3u8"), 12);
  assert.equal(versionOf("http://h/live/open/s1/index.m3u8"), 0);
});

test("news of an older session, or of one that has ended already, change nothing", () => {
  assert.ok(concerns(room, { session: "s1", state: "slate" }));
  assert.ok(concerns({ ...room, session: null }, { session: "s1", state: "live" }));
  assert.ok(!concerns({ ...room, session: { ...session, state: "ended" } }, { session: "s1", state: "live" }));
  assert.ok(!concerns(room, { session: "s0", state: "live", started_at: "2026-11-23T01:00:00Z" }));
  assert.ok(!concerns(room, { session: "s2", state: "ended", started_at: "2026-11-25T01:00:00Z" }));
  assert.ok(concerns(room, { session: "s2", state: "live", started_at: "2026-11-25T01:00:00Z" }));
});

const fragments = [
  { start: 0, duration: 2, programDateTime: 10_000 },
  { start: 2, duration: 2, programDateTime: 12_000 },
  { start: 4, duration: 2, programDateTime: 60_000 }, // a slate was left out
];

test("a moment is found again in the replay", () => {
  assert.equal(positionOfDate(fragments, 13_500), 3.5);
  assert.equal(positionOfDate(fragments, 30_000), 4);
  assert.equal(positionOfDate(fragments, 1), 0);
  assert.equal(positionOfDate(fragments, 99_000), 5);
  assert.equal(positionOfDate([], 5), 0);
});

test("only a jump back is a rewind", () => {
  assert.ok(isRewind(100, 60, 41));
  assert.ok(!isRewind(100, 100.1, 5));
  assert.ok(!isRewind(100, 99, 1.5));
});
