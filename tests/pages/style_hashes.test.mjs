import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const FOLDER = new URL("../../static/vendor/media-chrome-4.19.4/", import.meta.url);

test("the policy's hashes are those of the style sheets that the vendored elements write", async () => {
  const elements = await import(new URL("media-chrome.min.mjs", FOLDER));
  const found = new Set();
  for (const element of Object.values(elements)) {
    for (const [, style] of (element.getTemplateHTML?.({}, {}) ?? "").matchAll(/<style>([^]*?)<\/style>/g)) {
      found.add(`sha256-${createHash("sha256").update(style).digest("base64")}`);
    }
  }
  const kept = readFileSync(new URL("styles.txt", FOLDER), "utf8").trim().split("\n");
  assert.ok(found.size > 5);
  assert.deepEqual(kept, [...found].sort());
});
