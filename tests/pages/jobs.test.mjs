// How a job stands, in words; and where a job that moved meanwhile is listed.
import assert from "node:assert/strict";
import { test } from "node:test";

import { endedOf, kindOf, nameOf, placeOf, reasonOf, standOf } from "../../static/js/job_words.js";

const t = (key, values = {}) => [key, ...Object.values(values)].join(" ");
const NOW = Date.parse("2026-11-26T09:00:00Z");
const LATER = "2026-11-26T09:05:00Z";
const time = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit" }).format(new Date(LATER));

const job = (changes = {}) => ({
  id: "1", kind: "mp4", title: "Algebra", url: null, place: null, state: "waiting", progress: 0, remaining_seconds: null, message: "",
  waits_for: null, attempt: 1, reason: null, has_log: false, created_at: "", started_at: null,
  not_before: "2026-11-26T08:00:00Z", finished_at: null, ...changes,
});
const stand = (changes) => standOf(job(changes), t, "en", NOW);

test("a kind has a word, one that nobody knows its own name", () => {
  assert.equal(kindOf(job(), t), "kind_mp4");
  assert.equal(kindOf(job({ kind: "constructor" }), t), "constructor");
  assert.equal(nameOf(job(), t), "kind_mp4: Algebra");
  assert.equal(nameOf(job({ title: null }), t), "kind_mp4");
});

test("what runs says how far it is, and how long it takes where that is known", () => {
  assert.equal(stand({ state: "running", progress: 0.429 }), "percent 42");
  assert.equal(stand({ state: "running", progress: 0.5, remaining_seconds: 180 }), "percent_left 50 3 minutes");
});

test("what waits says why", () => {
  assert.equal(stand({}), "wait_turn");
  assert.equal(stand({ waits_for: "retry" }), "wait_turn", "it is due: nothing but the others keeps it");
  for (const why of ["retry", "disk", "model", "scanner"]) assert.equal(stand({ waits_for: why, not_before: LATER }), `wait_${why} ${time}`);
  assert.equal(stand({ waits_for: "the moon", not_before: LATER }), `wait_later ${time}`);
});

test("what has ended says how", () => {
  assert.equal(stand({ state: "failed", attempt: 3 }), "failed_at 3");
  assert.equal(stand({ state: "done" }), "done");
  assert.equal(stand({ state: "cancelled" }), "cancelled");
});

test("the reason is the server's sentence", () => {
  assert.equal(reasonOf(job({ state: "failed", reason: "broken", message: "50 %" })), "broken");
  assert.equal(reasonOf(job({ state: "running", message: "50 %" })), "");
});

test("what looks after files says what it found, and where a recording lies is said", () => {
  assert.equal(reasonOf(job({ kind: "scan", state: "done", message: "2 checked" })), "2 checked");
  assert.equal(reasonOf(job({ state: "done", message: "writing" })), "");
  assert.equal(placeOf(job({ place: "bucket" }), t), "place_bucket");
  assert.equal(placeOf(job({ place: "constructor" }), t), "");
  assert.equal(placeOf(job(), t), "");
});

test("a job is in one place only", () => {
  const at = (id) => job({ id });
  const first = { running: [at("r")], waiting: [at("w")], failed: [], ended: [at("a"), at("b")], counts: {}, more: null };
  assert.deepEqual(endedOf(first, [at("b"), at("w"), at("c")]).map(({ id }) => id), ["a", "b", "c"]);
});
