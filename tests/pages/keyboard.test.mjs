import assert from "node:assert/strict";
import { test } from "node:test";
import { actionFor, focusOn } from "../../static/js/keyboard.js";

const press = (key, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

test("each key of the sheet does something", () => {
  const expected = {
    " ": { name: "toggle" }, k: { name: "toggle" }, K: { name: "toggle" },
    ArrowLeft: { name: "seek", seconds: -5 }, ArrowRight: { name: "seek", seconds: 5 },
    j: { name: "seek", seconds: -10 }, l: { name: "seek", seconds: 10 },
    0: { name: "part", of10: 0 }, 9: { name: "part", of10: 9 },
    ",": { name: "step", pictures: -1 }, ".": { name: "step", pictures: 1 },
    m: { name: "mute" }, f: { name: "fullscreen" }, c: { name: "captions" }, "?": { name: "sheet" },
  };
  for (const [key, action] of Object.entries(expected)) assert.deepEqual(actionFor(press(key), "page"), action, key);
});

test("the browser's own shortcuts stay the browser's", () => {
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) assert.equal(actionFor(press("f", more), "page"), null);
  for (const key of ["Tab", "Enter", "Escape", "x", "F5"]) assert.equal(actionFor(press(key), "page"), null);
});

test("a key that means something to the control under the focus is not the player's", () => {
  assert.equal(actionFor(press("k"), "text"), null);
  assert.equal(actionFor(press(" "), "button"), null);
  assert.deepEqual(actionFor(press("k"), "button"), { name: "toggle" });
  assert.equal(actionFor(press("ArrowLeft"), "range"), null);
  assert.equal(actionFor(press("5"), "range"), null);
  assert.deepEqual(actionFor(press("m"), "range"), { name: "mute" });
});

test("where the focus is", () => {
  assert.equal(focusOn(null), "page");
  assert.equal(focusOn({ localName: "video" }), "page");
  assert.equal(focusOn({ localName: "input", type: "password" }), "text");
  assert.equal(focusOn({ localName: "input", type: "range" }), "range");
  assert.equal(focusOn({ localName: "input", type: "checkbox" }), "button");
  assert.equal(focusOn({ localName: "select" }), "text");
  assert.equal(focusOn({ localName: "div", isContentEditable: true }), "text");
  assert.equal(focusOn({ localName: "media-play-button" }), "button");
  assert.equal(focusOn({ localName: "media-time-range" }), "range");
});
