// Which key does what with the player. Pure: an event's facts come in, an action goes out.

/**
 * @typedef {{name: "toggle" | "mute" | "fullscreen" | "captions" | "sheet"}
 *   | {name: "seek", seconds: number} | {name: "part", of10: number} | {name: "step", pictures: number}
 *   | {name: "volume", by: number}} Action
 */

/** @type {Record<string, Action>} */
const KEYS = {
  " ": { name: "toggle" },
  k: { name: "toggle" },
  ArrowLeft: { name: "seek", seconds: -5 },
  ArrowRight: { name: "seek", seconds: 5 },
  j: { name: "seek", seconds: -10 },
  l: { name: "seek", seconds: 10 },
  ",": { name: "step", pictures: -1 },
  ".": { name: "step", pictures: 1 },
  ArrowUp: { name: "volume", by: 0.05 },
  ArrowDown: { name: "volume", by: -0.05 },
  m: { name: "mute" },
  f: { name: "fullscreen" },
  c: { name: "captions" },
  "?": { name: "sheet" },
};

/**
 * Where the keyboard's focus is: a key that means something to the control under it is not the player's.
 * @typedef {"page" | "button" | "range" | "text"} Focus
 */

/**
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} event @param {Focus} focus
 * @returns {Action | null}
 */
export function actionFor(event, focus) {
  if (event.ctrlKey || event.metaKey || event.altKey || focus === "text") return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (focus === "button" && key === " ") return null;
  if (focus === "range" && (key === " " || key.startsWith("Arrow") || /^\d$/.test(key))) return null;
  if (/^\d$/.test(key)) return { name: "part", of10: Number(key) };
  return KEYS[key] ?? null;
}

/**
 * @param {{localName: string, type?: string, isContentEditable?: boolean} | null} element the innermost one that has the focus
 * @returns {Focus}
 */
export function focusOn(element) {
  if (!element) return "page";
  const { localName, type = "" } = element;
  if (localName === "input" && type === "range") return "range";
  if (localName === "input" && ["checkbox", "radio"].includes(type)) return "button";
  if (["input", "textarea", "select"].includes(localName) || element.isContentEditable) return "text";
  if (["button", "a", "summary"].includes(localName) || localName.endsWith("-button")) return "button";
  return localName.endsWith("-range") ? "range" : "page";
}
