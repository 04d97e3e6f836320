import assert from "node:assert/strict";
import { test } from "node:test";
import { returned, standIn } from "../../static/js/device_watch.js";
import { fittingScene } from "../../static/js/scene.js";

const device = (deviceId, label) => ({ deviceId, label });
const headset = device("h", "Headset");
const built = device("b", "Built-in");

test("a lost device is known again by id and name", () => {
  assert.equal(returned(headset, [built, headset]), headset);
  assert.equal(returned(headset, [built]), null);
  assert.equal(returned(device("default", "Default - Headset"), [device("default", "Default - Built-in"), built]), null);
});

test("what stands in is another device, not the lost one under another name", () => {
  assert.equal(standIn(headset, [headset, device("default", "Default - Headset"), built]), built);
  assert.equal(standIn(device("default", "Default - Headset"), [headset, built]), built);
  assert.equal(standIn(headset, [headset]), null);
  assert.equal(standIn(device("h", ""), [device("b", "")]).deviceId, "b");
});

test("a scene whose only source is gone gives way; one that waits for its second does not", () => {
  assert.equal(fittingScene("screen", { camera: true, screen: false }), "camera");
  assert.equal(fittingScene("camera", { camera: false, screen: true }), "screen");
  assert.equal(fittingScene("camera", { camera: false, screen: false }), "camera");
  assert.equal(fittingScene("inset", { camera: true, screen: false }), "inset");
});
