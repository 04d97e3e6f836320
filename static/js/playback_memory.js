// What this browser remembers for its viewer: volume, sound off, speed, and where each recording was left.
// Kept in localStorage; where that is forbidden (frames of other sites), while the page lives.

const TASTE = "kodo-player";
const PLACES = "kodo-places";
const MOST_PLACES = 100;

/** @typedef {{volume: number, muted: boolean, rate: number}} Taste */
/** @typedef {{at: number, kept: number}} Place seconds, and the number of the change: the oldest go first */

export class PlaybackMemory {
  /** @param {Pick<Storage, "getItem" | "setItem">} storage */
  constructor(storage = ownStorage()) {
    this.storage = storage;
  }

  /** @returns {Taste} */
  get taste() {
    const { volume, muted, rate } = this.#read(TASTE);
    return {
      volume: isWithin(volume, 0, 1) ? volume : 1,
      muted: muted === true,
      rate: isWithin(rate, 0.5, 2) ? rate : 1,
    };
  }

  /** @param {Partial<Taste>} change */
  keepTaste(change) { this.#write(TASTE, { ...this.taste, ...change }); }

  /** @param {string} recording @returns {number | null} seconds */
  placeIn(recording) {
    const place = this.#places()[recording];
    return place && isWithin(place.at, 0, Infinity) ? place.at : null;
  }

  /** Remember where a recording is left; its very beginning and end are no places. @param {string} recording @param {number} at @param {number} duration seconds */
  keepPlace(recording, at, duration) {
    const places = this.#places();
    delete places[recording];
    if (isPlace(at, duration)) {
      const newest = Math.max(0, ...Object.values(places).map((place) => place.kept));
      places[recording] = { at: Math.floor(at), kept: newest + 1 };
    }
    const kept = Object.entries(places).sort(([, a], [, b]) => b.kept - a.kept).slice(0, MOST_PLACES);
    this.#write(PLACES, Object.fromEntries(kept));
  }

  /** @returns {Record<string, Place>} */
  #places() {
    const places = Object.entries(this.#read(PLACES)).filter(([, place]) => isWithin(place?.kept, 0, Infinity));
    return Object.fromEntries(places);
  }

  /** @param {string} key @returns {any} */
  #read(key) {
    try {
      return JSON.parse(this.storage.getItem(key) ?? "{}") ?? {};
    } catch {
      return {}; // written by somebody else
    }
  }

  /** @param {string} key @param {unknown} value */
  #write(key, value) {
    try {
      this.storage.setItem(key, JSON.stringify(value));
    } catch (error) {
      console.info("nothing is remembered:", error); // full
    }
  }
}

/** @param {number} at @param {number} duration seconds */
function isPlace(at, duration) {
  const margin = Math.min(15, duration * 0.05);
  return at > margin && at < duration - margin;
}

/** @param {unknown} value @param {number} low @param {number} high */
const isWithin = (value, low, high) => typeof value === "number" && value >= low && value <= high;

/** @returns {Pick<Storage, "getItem" | "setItem">} */
function ownStorage() {
  try {
    return localStorage;
  } catch {
    const kept = new Map();
    return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => { kept.set(key, value); } };
  }
}
