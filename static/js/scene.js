// Where each source lies in the program's picture: layouts as rectangles. Pure: no DOM, no clock.
// A scene names its sources, so further cameras, screens or files are only further names.

/**
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number, width: number, height: number}} Rectangle
 * @typedef {"top-left" | "top-right" | "bottom-left" | "bottom-right"} Corner
 * @typedef {{corner: Corner, share: number}} Inset `share`: of the program's width
 * @typedef {{kind: "one" | "inset" | "side", sources: string[]}} Scene the first source is the main one
 * @typedef {{source: string, crop: Rectangle, place: Rectangle, inset: boolean}} Placement `crop` in the source's pixels, `place` in the program's
 */

/** @type {Record<string, Scene>} */
export const SCENES = {
  camera: { kind: "one", sources: ["camera"] },
  screen: { kind: "one", sources: ["screen"] },
  inset: { kind: "inset", sources: ["screen", "camera"] },
  side: { kind: "side", sources: ["screen", "camera"] },
};
/** @type {Corner[]} */
export const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"];
/** @type {Inset} */
export const USUAL_INSET = { corner: "bottom-right", share: 0.25 };
export const LEAST_SHARE = 0.15;
export const MOST_SHARE = 0.45;

const MARGIN = 0.02; // of the program's width
const MAIN_SHARE = 0.68; // side by side: the screen is what people read
const TALLEST_INSET = 0.6; // of the program's height: a phone's upright camera

/** The scene to show of what is there; "inset" and "side" wait for their second source. @param {string} wished @param {{camera: boolean, screen: boolean}} there */
export function fittingScene(wished, { camera, screen }) {
  if (wished === "screen" && !screen) return "camera";
  return wished === "camera" && !camera && screen ? "screen" : wished;
}

/**
 * @param {Scene} scene @param {Inset} inset @param {Record<string, Size>} sizes of the sources that have a picture now
 * @param {Size} program @returns {Placement[]} in the order they are painted; none when there is no picture at all
 */
export function placements(scene, inset, sizes, program) {
  const there = scene.sources.filter((name) => sizes[name]?.width > 0 && sizes[name]?.height > 0);
  if (there.length === 0) return [];
  const [main, second] = there;
  if (there.length === 1) return [whole(main, sizes[main], box(0, 0, program.width, program.height))];
  return scene.kind === "side" ? sideBySide(main, second, sizes, program) : withInset(main, second, sizes, inset, program);
}

/** @param {string} main @param {string} second @param {Record<string, Size>} sizes @param {Inset} inset @param {Size} program */
function withInset(main, second, sizes, inset, program) {
  return [
    whole(main, sizes[main], box(0, 0, program.width, program.height)),
    { source: second, crop: full(sizes[second]), place: insetPlace(inset, sizes[second], program), inset: true },
  ];
}

/** @param {Inset} inset @param {Size} source @param {Size} program @returns {Rectangle} */
export function insetPlace(inset, source, program) {
  const share = Math.min(MOST_SHARE, Math.max(LEAST_SHARE, inset.share));
  const fits = Math.min(1, (TALLEST_INSET * program.height * source.width) / (source.height * share * program.width));
  const width = even(share * fits * program.width);
  const height = even((width * source.height) / source.width);
  const margin = even(MARGIN * program.width);
  const x = inset.corner.endsWith("left") ? margin : program.width - margin - width;
  const y = inset.corner.startsWith("top") ? margin : program.height - margin - height;
  return box(x, y, width, height);
}

/** The screen whole, the camera beside it at the same height, cut at its sides. @param {string} main @param {string} second @param {Record<string, Size>} sizes @param {Size} program */
function sideBySide(main, second, sizes, program) {
  const margin = even(MARGIN * program.width);
  const left = box(margin, margin, even(MAIN_SHARE * program.width), program.height - 2 * margin);
  const first = whole(main, sizes[main], left);
  const x = left.x + left.width + margin;
  const width = program.width - margin - x;
  const height = even(Math.min(left.height, Math.max(first.place.height, width * (9 / 16))));
  const place = box(x, even((program.height - height) / 2), width, height);
  return [first, { source: second, crop: covering(sizes[second], place), place, inset: false }];
}

/** All of a source inside `frame`, centred. @param {string} source @param {Size} size @param {Rectangle} frame @returns {Placement} */
function whole(source, size, frame) {
  const scale = Math.min(frame.width / size.width, frame.height / size.height);
  const width = Math.min(frame.width, even(size.width * scale));
  const height = Math.min(frame.height, even(size.height * scale));
  const place = box(frame.x + even((frame.width - width) / 2), frame.y + even((frame.height - height) / 2), width, height);
  return { source, crop: full(size), place, inset: false };
}

/** The middle of a source with the shape of `place`. @param {Size} size @param {Rectangle} place @returns {Rectangle} */
function covering(size, place) {
  const scale = Math.min(size.width / place.width, size.height / place.height);
  const [width, height] = [place.width * scale, place.height * scale];
  return box((size.width - width) / 2, (size.height - height) / 2, width, height);
}

/** The corner whose quarter of the program holds a point. @param {number} x @param {number} y in parts of 1 @returns {Corner} */
export const cornerAt = (x, y) => /** @type {Corner} */ (`${y < 0.5 ? "top" : "bottom"}-${x < 0.5 ? "left" : "right"}`);

/** What a key does to the inset; null for other keys. @param {Inset} inset @param {string} key @returns {Inset | null} */
export function insetAfterKey(inset, key) {
  const [vertical, horizontal] = inset.corner.split("-");
  /** @type {Record<string, string>} */
  const corners = {
    ArrowUp: `top-${horizontal}`, ArrowDown: `bottom-${horizontal}`, ArrowLeft: `${vertical}-left`, ArrowRight: `${vertical}-right`,
  };
  if (corners[key]) return { ...inset, corner: /** @type {Corner} */ (corners[key]) };
  if (key === "+" || key === "=") return { ...inset, share: sharing(inset.share + 0.05) };
  return key === "-" ? { ...inset, share: sharing(inset.share - 0.05) } : null;
}

/** @param {number} share wished for @returns {number} one that is allowed, in hundredths */
export const sharing = (share) => Math.round(100 * Math.min(MOST_SHARE, Math.max(LEAST_SHARE, share))) / 100;

/** What was kept from another day, checked. @param {any} kept @returns {Inset} */
export function insetOf(kept) {
  const known = CORNERS.includes(kept?.corner) && Number.isFinite(kept?.share);
  return known ? { corner: kept.corner, share: sharing(kept.share) } : USUAL_INSET;
}

// Chroma has half the resolution: an odd edge would blend two sources.
const even = (/** @type {number} */ n) => 2 * Math.round(n / 2);
const box = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ width, /** @type {number} */ height) => ({ x, y, width, height });
const full = (/** @type {Size} */ size) => box(0, 0, size.width, size.height);
