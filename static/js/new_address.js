// A recording's player beside its editor: where its address is refused, whoever may still watch goes on with a new one.
import { ApiError, ownAddress } from "./api.js";

const AFTER_MS = 1000;

/** @param {import("./hls_player.js").HlsPlayer} player @param {() => Promise<string | null>} ask what its address is now */
export function renewWhenDenied(player, ask) {
  let asking = false;
  async function renew() {
    try {
      const url = await ask();
      const { clock, video: { paused } } = player;
      if (url) player.load(ownAddress(url), { live: false, startClock: clock });
      if (url && !paused) player.play();
      asking = false;
    } catch (error) {
      const refused = error instanceof ApiError && [401, 403, 404].includes(error.status);
      if (!refused) window.setTimeout(renew, AFTER_MS);
    }
  }
  player.addEventListener("denied", () => {
    if (asking) return;
    asking = true;
    window.setTimeout(renew, AFTER_MS);
  });
}
