import assert from "node:assert/strict";
import { test } from "node:test";
import { contrast, rgbOf } from "../../static/js/contrast.js";
import { extended, renewed } from "../../static/js/lecture_list.js";

const one = (/** @type {number} */ n) => ({ id: `s${n}`, title: "", lecturer: "", started_at: `2026-11-25T01:${String(n).padStart(2, "0")}:00.000Z`, url: "", seconds: 1 });
const list = (/** @type {number[]} */ numbers, /** @type {string | null} */ more = null) => ({ live: [], recordings: numbers.map(one), more });
const ids = (/** @type {any} */ lectures) => lectures.recordings.map((/** @type {any} */ { id }) => id).join(" ");

test("the first page told anew keeps what was added behind it, and where that goes on", () => {
  const known = list([9, 8, 7, 6, 5, 4], "after 4");
  const news = renewed(known, list([10, 9, 8], "after 8"));
  assert.equal(ids(news), "s10 s9 s8 s7 s6 s5 s4");
  assert.equal(news.more, "after 4");
});

test("what has gone from the first page is gone", () => {
  assert.equal(ids(renewed(list([9, 8, 7, 6], "after 6"), list([9, 7, 6], "after 6"))), "s9 s7 s6");
  assert.equal(renewed(list([9, 8, 7], "after 7"), list([9, 7, 6], "after 6")).more, "after 6");
});

test("a list that fits on one page is that page", () => {
  assert.equal(ids(renewed(list([9, 8, 7, 6]), list([9, 8]))), "s9 s8");
  assert.equal(ids(renewed(list([9, 8]), list([]))), "");
  assert.equal(ids(renewed(list([]), list([3]))), "s3");
});

test("after a long sleep nothing is left of the old list, for between them is a hole", () => {
  const news = renewed(list([9, 8, 7, 6], "after 6"), list([30, 29, 28], "after 28"));
  assert.equal(ids(news), "s30 s29 s28");
  assert.equal(news.more, "after 28");
});

test("a later page is added once", () => {
  const news = extended(list([9, 8, 7], "after 7"), list([7, 6, 5], null));
  assert.equal(ids(news), "s9 s8 s7 s6 s5");
  assert.equal(news.more, null);
});

test("lectures of one moment stand in the order of their ids", () => {
  const same = (/** @type {string} */ id) => ({ ...one(5), id });
  const known = { live: [], recordings: [same("c"), same("b"), same("a")], more: null };
  const news = renewed(known, { live: [], recordings: [same("c"), same("b")], more: "after b" });
  assert.equal(ids(news), "c b a");
});

test("contrast as WCAG has it, of colours as browsers tell them", () => {
  assert.deepEqual(rgbOf("#165e83"), [22, 94, 131]);
  assert.deepEqual(rgbOf("rgb(22, 94, 131)"), [22, 94, 131]);
  assert.ok(Math.abs(contrast("#000000", " #ffffff") - 21) < 0.01);
  assert.ok(Math.abs(contrast("#777777", "#ffffff") - 4.48) < 0.01);
});
