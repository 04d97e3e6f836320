import assert from "node:assert/strict";
import { test } from "node:test";
import { linkAt, timeAskedFor } from "../../static/js/share_links.js";

test("a time means this lecture, not what the room shows later", () => {
  assert.equal(linkAt("https://h.example/rooms/hall", "s1", 754.9), "https://h.example/watch/s1?t=754");
  assert.equal(linkAt("https://h.example/watch/s1", "s1", 0), "https://h.example/watch/s1?t=0");
  assert.equal(linkAt("https://h.example/rooms/hall", "", 3), "https://h.example/rooms/hall?t=3");
});

test("the time that a link asks for", () => {
  const asked = { "?t=90": 90, "?t=0": 0, "?t=7.5": 7.5, "?t=90s": 90, "?t=1m30s": 90, "?t=1h2m3s": 3723, "?t=2m": 120, "?t=5m3": 303, "?embed=1&t=5": 5 };
  for (const [search, seconds] of Object.entries(asked)) assert.equal(timeAskedFor(search), seconds, search);
});

test("a time that makes no sense is none", () => {
  for (const search of ["", "?", "?t=", "?t=abc", "?t=-5", "?t=1e9", "?t=99999999", "?t=NaN", "?t= 5"]) {
    assert.equal(timeAskedFor(search), null, search);
  }
  assert.equal(timeAskedFor("?t=999h"), 999_999);
});
