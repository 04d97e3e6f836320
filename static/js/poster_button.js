// Who may host makes the picture that is shown the recording's poster. Loaded with the recording's pictures.
import { call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { toast } from "./toast.js";

/** @param {HTMLButtonElement} button @param {import("./hls_player.js").HlsPlayer} player */
export function offerPoster(button, player) {
  const { room_api: roomApi } = readJson("page");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await call("PUT", `${roomApi}/sessions/${need("#room").dataset.session}/poster`, { at: player.clock });
      toast(t("poster_chosen"));
    } catch (error) {
      toast(error instanceof Error ? error.message : t("no_answer"));
    }
    button.disabled = false;
  });
}
