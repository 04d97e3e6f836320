import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieWith } from "../../static/js/notice_banner.js";

test("what was put away is remembered once, the newest last", () => {
  const first = cookieWith("", "0199-a", true);
  assert.match(first, /^kodo_notices_read=0199-a; path=\/; max-age=\d+; samesite=lax; secure$/);
  const again = cookieWith("kodo_language=ja; kodo_notices_read=0199-a.0199-b", "0199-a", false);
  assert.match(again, /^kodo_notices_read=0199-b\.0199-a; path=\/; max-age=\d+; samesite=lax$/);
});

test("only so many are remembered", () => {
  const many = Array.from({ length: 40 }, (_, n) => `id${n}`).join(".");
  const ids = cookieWith(`x=1; kodo_notices_read=${many}`, "new", false).split("=")[1].split(";")[0].split(".");
  assert.equal(ids.length, 20);
  assert.equal(ids.at(-1), "new");
});
