// What of a transcript is said at a moment, where its words stand, and where a word that is looked for does. Pure.

/**
 * @typedef {{start: number, end: number, text: string, words?: [number, number, string][]}} Cue seconds of the lecture's clock
 * @typedef {{from: number, to: number, start: number, end: number}} WordPlace in the text (UTF-16), and its time
 */

/**
 * The cue that is being said, or was said last.
 * @param {Cue[]} cues in order of time @param {number} clock seconds @returns {number} -1 before the first
 */
export function cueAt(cues, clock) {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle].start <= clock) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Where the words of a cue stand in its text; those that are not in it (a person changed it) have no place.
 * @param {Cue} cue @returns {WordPlace[]}
 */
export function wordPlaces({ text, words = [] }) {
  const places = [];
  let from = 0;
  for (const [start, end, word] of words) {
    const at = text.indexOf(word, from);
    if (at < 0) continue;
    from = at + word.length;
    places.push({ from: at, to: from, start, end });
  }
  return places;
}

/** @param {WordPlace[]} places @param {number} clock @returns {number} the word being said, or said last; -1 before the first */
export function wordAt(places, clock) {
  return places.findLastIndex(({ start }) => start <= clock);
}

/**
 * Where what is looked for stands: the same letters in either width and case, across line breaks.
 * @param {string} text @param {string} query @returns {[number, number][]} from, to in UTF-16
 */
export function findAll(text, query) {
  const wanted = folded(query).text;
  if (!wanted) return [];
  const { text: inside, places } = folded(text);
  /** @type {[number, number][]} */ const found = [];
  for (let at = inside.indexOf(wanted); at >= 0; at = inside.indexOf(wanted, at + wanted.length)) {
    found.push([places[at][0], places[at + wanted.length - 1][1]]);
  }
  return found;
}

/** NFKC in lower case without spaces, and where each of its characters comes from. @param {string} text */
function folded(text) {
  let made = "";
  /** @type {[number, number][]} */ const places = [];
  // A letter with its marks is one: か and ゛, e and ´.
  for (const { 0: whole, index } of text.matchAll(/[^\s][\p{M}\uff9e\uff9f]*/gu)) {
    const plain = whole.normalize("NFKC").toLowerCase();
    made += plain;
    for (let n = 0; n < plain.length; n += 1) places.push([index, index + whole.length]);
  }
  return { text: made, places };
}

/**
 * Text in pieces, of which some are marked.
 * @param {string} text @param {[number, number][]} marks in order, not overlapping @returns {{text: string, marked: boolean}[]}
 */
export function cutAt(text, marks) {
  const pieces = [];
  let place = 0;
  for (const [from, to] of marks) {
    pieces.push({ text: text.slice(place, from), marked: false }, { text: text.slice(from, to), marked: true });
    place = to;
  }
  return [...pieces, { text: text.slice(place), marked: false }].filter((piece) => piece.text);
}
