// What becomes of the lecture's recording: told to its lecturer, who may choose where the organization leaves it. Owned by the studio page.
import { ApiError } from "./api.js";
import { pause } from "./backoff.js";
import { need, t } from "./page_data.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";

const LOOK_MS = 300;
const MOST_LOOKS = 20;

export class StudioKeeping {
  #box = /** @type {HTMLInputElement} */ (need("#publish"));
  #saving = false;

  /** @param {import("./studio_room.js").StudioRoom} room @param {() => boolean} onAir */
  constructor(room, onAir) {
    this.room = room;
    this.onAir = onAir;
    room.addEventListener("look", () => this.#draw());
    this.#box.addEventListener("change", () => void this.#wish());
  }

  /** Whether a copy on this computer could complete anything. */
  get keepsAny() { return this.room.keeping?.kept !== "none"; }

  /** For the one whose lecture has just ended. */
  get endWords() {
    const { kept } = this.room.keeping ?? {};
    if (kept === "held") return t("lecture_held");
    return kept === "none" ? t("lecture_not_kept") : t("lecture_ended");
  }

  #draw() {
    const { keeping } = this.room;
    need("#keeping").hidden = !keeping;
    if (!keeping || this.#saving) return;
    const { kept, days } = keeping;
    need("#keeping").dataset.kept = kept;
    need("#publish-box").hidden = !keeping.may_choose;
    this.#box.checked = kept === "published";
    setText(need("#keeping-words"), { published: t("keeps_published"), held: t("keeps_held", { days }), none: t("keeps_none") }[kept] ?? "");
    setText(need("#before-live"), kept === "published" ? t("before_published") : t("before_other"));
    setText(need("#end-words"), { published: t("ends_published"), held: t("ends_held", { days }), none: t("ends_none") }[kept] ?? "");
  }

  /** A lecture that has just gone live has its own wish, once the server tells of it. */
  async #begun() {
    for (let looks = 0; looks < MOST_LOOKS && this.onAir() && !this.room.running; looks += 1) {
      await pause(LOOK_MS);
      await this.room.look();
    }
  }

  async #wish() {
    this.#saving = this.#box.disabled = true;
    try {
      await this.#begun();
      await this.room.publish(this.#box.checked);
    } catch (error) {
      toast(error instanceof ApiError && error.status && error.detail ? error.detail : t("wish_not_kept"));
    }
    this.#saving = this.#box.disabled = false;
    await this.room.look();
    this.#box.focus();
  }
}
