// How an upload into the library stands, in words, and what can be done with it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { actsOf, isBusy, reasonOf, shareOf, standOf } from "../../static/js/upload_words.js";

const t = (key, values = {}) => [key, ...Object.values(values)].join(" ");
const upload = (changes = {}) => ({
  id: "1", recording: "2", title: "Algebra", filename: "a.mp4", state: "uploading", reason: null, progress: null,
  remaining_seconds: null, bytes: 2e9, offset: 5e8, upload_url: "/up", url: "/watch/2", ...changes,
});
const stand = (changes, sent) => standOf(upload(changes), sent, t, "en");

test("one that this page sends says how far it is", () => {
  assert.equal(stand({}, { state: "sending", offset: 1e9 }), "upload_sending 50 2.0 GB");
  assert.equal(stand({}, { state: "waiting", offset: 1e9 }), "upload_line_cut 50");
  assert.equal(stand({}, { state: "paused", offset: 1e9 }), "upload_paused 50 2.0 GB");
});

test("one that nobody sends asks for its file", () => {
  assert.equal(stand({}), "upload_unfinished 25");
  assert.deepEqual([...actsOf(upload())], ["choose", "remove"]);
});

test("what the server does with it is told as it is", () => {
  assert.equal(stand({ state: "waiting" }), "upload_waiting");
  for (const why of ["disk", "scanner", "retry"]) assert.equal(stand({ state: "waiting", reason: why }), `upload_wait_${why}`);
  assert.equal(stand({ state: "waiting", reason: "the moon" }), "upload_waiting");
  assert.equal(stand({ state: "checking" }), "upload_checking");
  assert.equal(stand({ state: "preparing", progress: 0.429 }), "upload_preparing 42");
  assert.equal(stand({ state: "preparing", progress: 0.5, remaining_seconds: 180 }), "upload_preparing_left 50 3 minutes");
  assert.equal(stand({ state: "quarantined", reason: "Eicar" }), "upload_quarantined Eicar");
  assert.equal(stand({ state: "ready" }), "upload_ready");
});

test("a failure has a reason", () => {
  assert.equal(stand({ state: "failed", reason: "cut_off" }), "upload_failed");
  assert.equal(reasonOf(upload({ state: "failed", reason: "cut_off" }), t), "upload_failed_cut_off");
  for (const odd of ["given_up", "constructor", null]) {
    assert.equal(reasonOf(upload({ state: "failed", reason: odd }), t), "upload_failed_given_up");
  }
  assert.equal(reasonOf(upload({ reason: "cut_off" }), t), "");
});

test("what can be done with it", () => {
  const acts = (changes, sent) => [...actsOf(upload(changes), sent)].join(" ");
  assert.equal(acts({}, { state: "sending", offset: 0 }), "pause remove");
  assert.equal(acts({}, { state: "paused", offset: 0 }), "resume remove");
  assert.equal(acts({ state: "preparing" }), "remove");
  assert.equal(acts({ state: "failed" }), "retry remove");
  assert.equal(acts({ state: "quarantined" }), "remove");
  assert.equal(acts({ state: "ready" }), "watch");
});

test("an empty file is no division by nothing, and what rests is looked at less often", () => {
  assert.equal(shareOf(upload({ bytes: 0, offset: 0 })), 0);
  assert.equal(shareOf(upload({ state: "failed" })), null);
  assert.ok(isBusy(upload({ state: "checking" })) && isBusy(upload(), { state: "paused", offset: 0 }));
  assert.ok(!isBusy(upload()) && !isBusy(upload({ state: "failed" })));
});
