import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf } from "../../static/js/linked_text.js";
import { dateBlock, hasLapsed, startWords } from "../../static/js/start_words.js";

const START = "2026-11-26T05:00:00.000Z"; // 14:00 in Tokyo, midnight and an hour before it in New York
const at = Date.parse(START);
const HOUR = 3600 * 1000;

test("a start is told by the reader's day, not by the server's", () => {
  const { key, values } = startWords(START, at - HOUR, "en", "Asia/Tokyo");
  assert.equal(key, "begins_today");
  assert.equal(values.time, "02:00 PM");
  assert.equal(startWords(START, at - HOUR, "en", "America/New_York").key, "begins_on", "there it is tomorrow");
  assert.equal(startWords(START, at - HOUR, "ja", "Asia/Tokyo").values.time, "14:00");
});

test("another day has its date, another year that as well", () => {
  const { key, values } = startWords(START, at - 48 * HOUR, "en", "Asia/Tokyo");
  assert.equal(key, "begins_on");
  assert.equal(values.date, "Thursday, November 26");
  assert.match(startWords(START, at - 400 * 24 * HOUR, "ja", "Asia/Tokyo").values.date, /2026年11月26日/);
});

test("one that has not begun in time is told so, until nothing takes it up any more", () => {
  assert.equal(startWords(START, at, "en", "Asia/Tokyo").key, "begins_late");
  assert.ok(!hasLapsed(START, at + 2 * HOUR - 1));
  assert.ok(hasLapsed(START, at + 2 * HOUR));
});

test("the leaf of the calendar", () => {
  const { times, ...leaf } = dateBlock(START, 90, at - HOUR, "en", "Asia/Tokyo");
  assert.deepEqual(leaf, { month: "Nov", day: "26", weekday: "Thu" });
  assert.equal(times, "02:00 PM – 03:30 PM");
  assert.equal(dateBlock(START, 90, at - HOUR, "ja", "Asia/Tokyo").times, "14:00 – 15:30");
  assert.equal(dateBlock(START, 90, at - 400 * 24 * HOUR, "ja", "Asia/Tokyo").month, "2026年11月");
  assert.equal(dateBlock(START, 90, at - HOUR, "ja", "Asia/Tokyo").day, "26");
  assert.equal(dateBlock(START, 90, at - HOUR, "en", "America/Los_Angeles").day, "25");
});

const linksOf = (/** @type {string} */ text) => piecesOf(text).flatMap(({ href }) => href ?? []);

test("addresses become links, and the text stays what it was", () => {
  for (const [text, links] of [
    ["", []],
    ["See https://example.org/a, then go.", ["https://example.org/a"]],
    ["資料はhttps://example.org/資料/1。次回まで", ["https://example.org/資料/1"]],
    ["(https://example.org/a_(b)) https://example.org/c)", ["https://example.org/a_(b)", "https://example.org/c"]],
    ["http://a.example\nhttp://b.example?q=1&r=<b>", ["http://a.example", "http://b.example?q=1&r="]],
    ["javascript:alert(1) ftp://x data:text/html,x", []],
    ["https:// http://user@evil.example https://good.example@evil.example", []],
  ]) {
    assert.deepEqual(linksOf(/** @type {string} */ (text)), links);
    assert.equal(piecesOf(/** @type {string} */ (text)).map((piece) => piece.text).join(""), text);
  }
});

test("nothing that is typed makes it slow", () => {
  const long = `https://example.org/${")".repeat(5000)}${".".repeat(5000)}`;
  const before = performance.now();
  assert.equal(piecesOf(long.repeat(3)).map((piece) => piece.text).join(""), long.repeat(3));
  assert.ok(performance.now() - before < 500);
});
