// The recording as a file: the link when it is there, how far it is before. Not in other sites' frames.
import { need, t } from "./page_data.js";

export class DownloadLink {
  /** @param {HTMLAnchorElement} link */
  constructor(link) {
    this.link = link;
  }

  /** @param {import("./room_view.js").Session | null} session @returns {boolean} whether it is being made: look again */
  draw(session) {
    const url = session?.mp4_state === "ready" ? session.mp4_url : null;
    this.link.hidden = !url;
    if (url) this.link.href = url;
    const making = session?.state === "ended" && ["waiting", "running"].includes(session.mp4_state ?? "");
    const percent = Math.round(100 * (session?.mp4_progress ?? 0));
    need("#making").hidden = !making;
    need("#making").textContent = making ? t("mp4_making", { percent }) : "";
    return making;
  }
}
