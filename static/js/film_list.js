// The list of a room's films: what each is, how far it has come, and what can be done with it.
import { byteSize, clockTime } from "./figures.js";
import { language, need, translator } from "./page_data.js";

const t = translator("media-strings");

/**
 * As the API tells it (`GET …/media`).
 * @typedef {{id: string, title: string, state: "uploading" | "preparing" | "ready" | "failed", reason: string | null,
 *   progress: number | null, bytes: number, offset: number, upload_url: string | null, seconds: number | null, cut: boolean}} Film
 */
/** @typedef {import("./tus_upload.js").TusUpload} TusUpload */

/** @type {Record<string, string>} why a film failed → its sentence */
const FAILED = {
  empty: "failed_empty",
  unreadable: "failed_unreadable",
  no_picture: "failed_no_picture",
  too_large: "failed_too_large",
  too_long: "failed_too_long",
};

/** Events: `play`, `pause`, `resume`, `delete` (detail: the film). */
export class FilmList extends EventTarget {
  /** @type {Map<string, HTMLElement>} */ #rows = new Map();

  /** @param {ParentNode} root */
  constructor(root) {
    super();
    this.list = need("#film-list", root);
    this.template = need("#film-row", root);
    this.empty = need("#films-empty", root);
  }

  /**
   * Rows stay where they are, so that the focus does.
   * @param {Film[]} films @param {(film: Film) => TusUpload | undefined} uploadOf @param {{live: boolean, playing: string}} now
   */
  draw(films, uploadOf, now) {
    const left = new Set(this.#rows.keys());
    films.forEach((film, place) => {
      left.delete(film.id);
      const row = this.#row(film);
      if (this.list.children[place] !== row) this.list.insertBefore(row, this.list.children[place] ?? null);
      this.#fill(row, film, uploadOf(film), now);
    });
    for (const id of left) {
      this.#rows.get(id)?.remove();
      this.#rows.delete(id);
    }
    this.empty.hidden = films.length > 0;
  }

  /** @param {Film} film @returns {HTMLElement} */
  #row(film) {
    const known = this.#rows.get(film.id);
    if (known) return known;
    const row = /** @type {HTMLElement} */ (this.template.content.firstElementChild.cloneNode(true));
    for (const button of row.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        this.dispatchEvent(new CustomEvent(button.dataset.act ?? "", { detail: film }));
      });
    }
    this.#rows.set(film.id, row);
    return row;
  }

  /** @param {HTMLElement} row @param {Film} film @param {TusUpload | undefined} upload @param {{live: boolean, playing: string}} now */
  #fill(row, film, upload, now) {
    row.dataset.state = film.state;
    row.dataset.film = film.id;
    need("strong", row).textContent = film.title;
    need("small", row).textContent = wordsOf(film, upload);
    const share = shareOf(film, upload);
    const progress = need("progress", row);
    progress.hidden = share === null;
    progress.value = share ?? 0;
    progress.setAttribute("aria-label", film.title);
    const sending = upload && ["sending", "waiting"].includes(upload.state);
    button(row, "play", film.state === "ready", t("play"), t("play_film", film));
    need('[data-act="play"]', row).disabled = !now.live || now.playing === film.id;
    button(row, "pause", Boolean(sending), t("pause"), t("pause_upload", film));
    button(row, "resume", upload?.state === "paused", t("go_on"), t("resume_upload", film));
    button(row, "delete", true, "", t("delete_film", film));
  }
}

/** @param {HTMLElement} row @param {string} act @param {boolean} shown @param {string} words @param {string} name */
function button(row, act, shown, words, name) {
  const found = need(`[data-act="${act}"]`, row);
  found.hidden = !shown;
  found.setAttribute("aria-label", name);
  if (words) need("span", found).textContent = words;
}

/** @param {Film} film @param {TusUpload | undefined} upload @returns {number | null} 0 to 1 */
function shareOf(film, upload) {
  if (film.state === "uploading") return (upload?.offset ?? film.offset) / film.bytes;
  return film.state === "preparing" ? film.progress ?? 0 : null;
}

/** @param {Film} film @param {TusUpload | undefined} upload */
function wordsOf(film, upload) {
  const percent = Math.floor(100 * (shareOf(film, upload) ?? 0));
  const size = byteSize(film.bytes, language());
  if (film.state === "uploading") {
    if (!upload) return t("unfinished", { percent });
    if (upload.state === "paused") return t("paused", { percent, size });
    return upload.state === "waiting" ? t("waiting") : t("uploading", { percent, size });
  }
  if (film.state === "preparing") return film.progress ? t("preparing", { percent }) : t("queued");
  if (film.state === "failed") return t(FAILED[film.reason ?? ""] ?? "failed_given_up");
  const time = clockTime(film.seconds ?? 0);
  return film.cut ? t("ready_cut", { time }) : t("ready", { time });
}
