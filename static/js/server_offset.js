// How far the server's clock is ahead of this page's, to some milliseconds: by round trips, the shortest of which tells best.

const ROUNDS = 5;

/** This page's clock, ms since 1970: it never jumps while the page lives. */
export const steadyNow = () => performance.timeOrigin + performance.now();

/**
 * @param {() => Promise<number>} ask the server's time, unix seconds @param {{rounds?: number, now?: () => number}} [means]
 * @returns {Promise<number>} ms to add to `now()`. Throws what `ask` throws.
 */
export async function measureOffset(ask, { rounds = ROUNDS, now = steadyNow } = {}) {
  let best = { trip: Infinity, offset: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const asked = now();
    const told = 1000 * (await ask());
    const trip = now() - asked;
    if (trip < best.trip) best = { trip, offset: told - (asked + trip / 2) };
  }
  return best.offset;
}
