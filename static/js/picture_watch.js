// Whether a source's picture has gone black or stands still, from small samples of it. Pure.

const DARK = 16; // the mean of R, G and B, of 255
const FLAT = 6; // and nothing in it is brighter than this above the mean

/** @typedef {{blackMs: number, stillMs: number}} PictureState for how long */

export class PictureWatch {
  #darkSince = 0;
  #sameSince = 0;
  /** @type {Uint8ClampedArray | null} */ #before = null;

  /** @param {Uint8ClampedArray} samples RGBA of a few hundred points @param {number} now ms @returns {PictureState} */
  look(samples, now) {
    if (!isBlack(samples)) this.#darkSince = now;
    if (!this.#before || !same(samples, this.#before)) this.#sameSince = now;
    if (!this.#before) this.#darkSince = now;
    this.#before = samples.slice();
    return { blackMs: now - this.#darkSince, stillMs: now - this.#sameSince };
  }
}

/** @param {Uint8ClampedArray} samples RGBA */
export function isBlack(samples) {
  let [sum, most] = [0, 0];
  for (let i = 0; i < samples.length; i += 4) {
    const light = (samples[i] + samples[i + 1] + samples[i + 2]) / 3;
    sum += light;
    if (light > most) most = light;
  }
  const mean = (4 * sum) / Math.max(1, samples.length);
  return mean < DARK && most < mean + FLAT;
}

/** A camera's picture is never the same to the last bit: its sensor has noise. @param {Uint8ClampedArray} a @param {Uint8ClampedArray} b */
function same(a, b) {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
