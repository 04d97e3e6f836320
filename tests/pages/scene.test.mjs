import assert from "node:assert/strict";
import { test } from "node:test";
import { CORNERS, SCENES, USUAL_INSET, cornerAt, insetAfterKey, insetOf, insetPlace, placements } from "../../static/js/scene.js";

const HD = { width: 1280, height: 720 };
const ALL = { camera: { width: 1280, height: 720 }, screen: { width: 1920, height: 1080 } };
const place = (x, y, width, height) => ({ x, y, width, height });

const inside = ({ x, y, width, height }, size) => x >= 0 && y >= 0 && x + width <= size.width + 1e-9 && y + height <= size.height + 1e-9;

test("one source of the program's shape fills it to the pixel", () => {
  assert.deepEqual(placements(SCENES.camera, USUAL_INSET, ALL, HD), [
    { source: "camera", crop: place(0, 0, 1280, 720), place: place(0, 0, 1280, 720), inset: false },
  ]);
});

test("another shape is shown whole, in the middle", () => {
  const [old] = placements(SCENES.camera, USUAL_INSET, { camera: { width: 640, height: 480 } }, HD);
  assert.deepEqual(old.place, place(160, 0, 960, 720));
  const [wide] = placements(SCENES.screen, USUAL_INSET, { screen: { width: 3440, height: 1440 } }, HD);
  assert.deepEqual(wide.place, place(0, 92, 1280, 536));
});

test("picture in picture: the screen whole, the camera over it in its corner", () => {
  const [screen, camera] = placements(SCENES.inset, USUAL_INSET, ALL, HD);
  assert.deepEqual(screen.place, place(0, 0, 1280, 720));
  assert.deepEqual(camera, { source: "camera", crop: place(0, 0, 1280, 720), place: place(934, 514, 320, 180), inset: true });
});

test("each corner keeps the same margin; an upright camera does not cover half the screen", () => {
  const places = CORNERS.map((corner) => insetPlace({ corner, share: 0.25 }, ALL.camera, HD));
  assert.deepEqual(places, [place(26, 26, 320, 180), place(934, 26, 320, 180), place(26, 514, 320, 180), place(934, 514, 320, 180)]);
  const upright = insetPlace({ corner: "top-left", share: 0.45 }, { width: 720, height: 1280 }, HD);
  assert.ok(upright.height <= 0.6 * 720 + 2 && Math.abs(upright.width / upright.height - 720 / 1280) < 0.02);
});

test("side by side: the screen whole at the left, the camera cut to the rest, as high", () => {
  const [screen, camera] = placements(SCENES.side, USUAL_INSET, ALL, HD);
  assert.equal(screen.place.width, 870);
  assert.equal(screen.place.height, camera.place.height);
  assert.ok(camera.place.x > screen.place.x + screen.place.width);
  assert.equal(camera.place.x + camera.place.width, 1280 - 26);
  assert.ok(Math.abs(camera.crop.width / camera.crop.height - camera.place.width / camera.place.height) < 0.01);
  assert.ok(Math.abs(camera.crop.x - (1280 - camera.crop.width) / 2) < 1e-9);
});

test("what is missing leaves its place to the other; nothing at all leaves none", () => {
  for (const scene of [SCENES.inset, SCENES.side]) {
    assert.deepEqual(placements(scene, USUAL_INSET, { camera: ALL.camera }, HD).map((p) => [p.source, p.place.width]), [["camera", 1280]]);
    assert.deepEqual(placements(scene, USUAL_INSET, { screen: ALL.screen }, HD).map((p) => p.source), ["screen"]);
  }
  assert.deepEqual(placements(SCENES.inset, USUAL_INSET, {}, HD), []);
  assert.deepEqual(placements(SCENES.camera, USUAL_INSET, { camera: { width: 0, height: 0 } }, HD), []);
});

test("whatever the sizes are, everything lies inside the program and crops inside their source", () => {
  const shapes = [[1, 1], [160, 120], [720, 1280], [1280, 720], [3840, 2160], [5120, 1440], [333, 777]];
  for (const [w, h] of shapes) for (const [v, u] of shapes) for (const program of [HD, { width: 854, height: 480 }, { width: 640, height: 360 }]) {
    const sizes = { camera: { width: w, height: h }, screen: { width: v, height: u } };
    for (const scene of Object.values(SCENES)) for (const corner of CORNERS) for (const share of [0, 0.3, 9]) {
      for (const one of placements(scene, { corner, share }, sizes, program)) {
        assert.ok(inside(one.place, program), JSON.stringify({ sizes, scene, program, one }));
        assert.ok(inside(one.crop, sizes[one.source]), JSON.stringify({ sizes, scene, one }));
        assert.ok(one.place.x % 2 === 0 && one.place.y % 2 === 0);
      }
    }
  }
});

test("keys move the inset to a corner and change its size within bounds", () => {
  assert.equal(insetAfterKey(USUAL_INSET, "ArrowLeft").corner, "bottom-left");
  assert.equal(insetAfterKey(USUAL_INSET, "ArrowUp").corner, "top-right");
  let inset = USUAL_INSET;
  for (let i = 0; i < 20; i++) inset = insetAfterKey(inset, "+");
  assert.equal(inset.share, 0.45);
  for (let i = 0; i < 20; i++) inset = insetAfterKey(inset, "-");
  assert.equal(inset.share, 0.15);
  assert.equal(insetAfterKey(inset, "a"), null);
  assert.equal(cornerAt(0.2, 0.9), "bottom-left");
});

test("what was kept from another day is checked", () => {
  assert.deepEqual(insetOf({ corner: "top-left", share: 7 }), { corner: "top-left", share: 0.45 });
  for (const bad of [null, 5, "x", {}, { corner: "middle", share: 0.2 }, { corner: "top-left", share: "wide" }]) assert.deepEqual(insetOf(bad), USUAL_INSET);
});
