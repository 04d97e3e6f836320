// The studio's word on the scheduled lecture that going live now would hold.
import { language, need, t } from "./page_data.js";
import { timeOfDay } from "./figures.js";
import { setText } from "./times.js";

const LOOK_MS = 30000; // its time comes while the page is open

export class PlannedLecture {
  /** @param {import("./studio_room.js").StudioRoom} room @param {() => boolean} onAir */
  constructor(room, onAir) {
    const draw = () => this.#draw(onAir() ? null : room.due);
    room.addEventListener("look", draw);
    room.addEventListener("scheduled", () => void room.look());
    setInterval(() => { if (!onAir()) void room.look(); }, LOOK_MS);
  }

  /** @param {import("./next_lecture.js").Scheduled | null} due */
  #draw(due) {
    need("#planned").hidden = !due;
    if (due) setText(need("#planned-words"), t("planned", { title: due.title, time: timeOfDay(due.starts_at, language()) }));
  }
}
