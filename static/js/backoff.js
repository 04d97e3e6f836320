// How long to wait before the next try.

/**
 * @param {number} failures failed tries so far, from 1
 * @param {{first?: number, most?: number, random?: () => number}} [bounds] seconds
 * @returns {number} milliseconds: doubling, bounded, spread by ±20 % so that viewers do not return in step
 */
export function backoffMs(failures, { first = 0.3, most = 3, random = Math.random } = {}) {
  const seconds = Math.min(most, first * 2 ** Math.min(failures - 1, 20));
  return Math.round(1000 * seconds * (0.8 + 0.4 * random()));
}

/** @param {number} ms @param {AbortSignal} [signal] resolves early when aborted */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(undefined);
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(undefined); }, { once: true });
  });
}
