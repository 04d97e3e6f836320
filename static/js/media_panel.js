// The studio's films: choose, upload, play. Owns the panel; works beside the rest of the studio and needs nothing of it.
import { ApiError, call, serverNow } from "./api.js";
import { pause } from "./backoff.js";
import { byteSize } from "./figures.js";
import { FilmControls } from "./film_controls.js";
import { FilmList } from "./film_list.js";
import { TusUpload } from "./tus_upload.js";
import { language, need, translator } from "./page_data.js";
import { SharedFeed } from "./shared_feed.js";
import { toast } from "./toast.js";

const BUSY_MS = 1500; // while something is uploaded or prepared
const CALM_MS = 15000;
const TRIES = 3;
const TRY_AGAIN_MS = 1000;

const t = translator("media-strings");
const root = need("#films");
const api = root.dataset.api;
const list = new FilmList(root);
const controls = new FilmControls(root);

/** @type {import("./film_list.js").Film[]} */ let films = [];
/** @type {Map<string, TusUpload>} address → the upload that this page makes */
const uploads = new Map();
let live = false;
let maxBytes = Infinity;
let timer = 0;
/** @type {SharedFeed | null} */ let feed = null;

/** @param {string} words "" when it is good again */
function problem(words) {
  need("#films-problem").hidden = !words;
  need("#films-problem-words").textContent = words;
}

/** @param {unknown} error */
const complain = (error) => problem(error instanceof ApiError && error.status ? error.message : t("no_answer"));

/** @param {import("./film_list.js").Film} film */
const uploadOf = (film) => (film.upload_url ? uploads.get(new URL(film.upload_url).pathname) : undefined);

function draw() {
  need("#film-camera-show").disabled = !live;
  need("#films-hint").hidden = live || !films.some((film) => film.state === "ready");
  list.draw(films, uploadOf, { live, playing: controls.playback?.media_id ?? "" });
}

async function lookAtFilms() {
  try {
    const told = await call("GET", `${api}/media`);
    tellWhatGotReady(told.media);
    films = told.media;
    maxBytes = told.max_bytes;
    need("#film-camera").hidden = !told.cameras;
    showRecordings(told.recordings);
  } catch {
    // The list stays as it was; the next look is soon.
  }
  draw();
  const busy = films.some((film) => film.state === "preparing" || uploadOf(film));
  clearTimeout(timer);
  timer = window.setTimeout(lookAtFilms, busy ? BUSY_MS : CALM_MS);
}

/** @param {import("./film_list.js").Film[]} now */
function tellWhatGotReady(now) {
  const before = new Map(films.map((film) => [film.id, film.state]));
  for (const film of now) {
    if (film.state === "ready" && before.get(film.id) === "preparing") toast(t("ready_now", film));
  }
}

async function lookAtRoom() {
  try {
    const room = await call("GET", api);
    live = ["live", "slate"].includes(room.session?.state);
    controls.show(room.playback);
    if (!feed && room.feed) listen(room.feed);
  } catch {
    setTimeout(lookAtRoom, CALM_MS);
  }
  draw();
}

/** @param {{snapshot_url: string, batch_url: string}} addresses */
function listen(addresses) {
  feed = new SharedFeed(addresses);
  feed.addEventListener("event", (e) => onEvent(/** @type {CustomEvent} */ (e).detail));
  feed.addEventListener("snapshot", lookAtRoom); // what changed before the feed began, or while it was cut
  feed.addEventListener("denied", () => { feed?.stop(); feed = null; void lookAtRoom(); });
  feed.start();
}

/** @param {any} event */
function onEvent(event) {
  if (event.kind === "session") {
    live = ["live", "slate"].includes(event.payload.state);
    draw();
  }
  if (event.kind !== "playback") return;
  const playback = event.payload.playback;
  if (!playback && controls.playback && live) toast(t("over"));
  if (playback?.state === "playing") playback.position += Math.max(0, (serverNow() - Date.parse(event.at)) / 1000);
  controls.show(playback);
  draw();
}

/** @param {Record<string, unknown>} wish */
async function control(wish) {
  problem("");
  try {
    const { playback } = await sendWish(wish);
    controls.show(playback && { ...playback, state: playback.paused ? "paused" : "playing" });
  } catch (error) {
    problem(wordsFor(error, String(wish.action)));
    void lookAtRoom();
  }
  draw();
}

/**
 * The recorder speaks English to programs; these are its refusals in the reader's words.
 * @param {unknown} error @param {string} action
 */
function wordsFor(error, action) {
  const status = error instanceof ApiError ? error.status : 0;
  if (!(error instanceof ApiError) || [0, 503].includes(status)) return t("no_answer");
  if (action === "camera") return status === 422 ? t("camera_failed") : error.message;
  return status === 409 && action !== "play" ? t("over_already") : error.message;
}

/**
 * One click is one wish, however often it has to be sent: the recorder knows it by its id.
 * @param {Record<string, unknown>} wish
 */
async function sendWish(wish) {
  const body = { ...wish, request_id: `${Date.now()}-${Math.random()}` };
  for (let tries = 1; ; tries += 1) {
    try {
      return await call("POST", `${api}/playback`, body);
    } catch (error) {
      const passes = error instanceof ApiError && [0, 503].includes(error.status);
      if (!passes || tries === TRIES) throw error;
      await pause(TRY_AGAIN_MS);
    }
  }
}

/** @param {File} file */
function upload(file) {
  problem("");
  if (file.size > maxBytes) { problem(t("too_large", { size: byteSize(maxBytes, language()) })); return; }
  if (file.size === 0) { problem(t("failed_empty")); return; }
  const sent = new TusUpload(`${api}/media`, file);
  let listed = false;
  sent.addEventListener("change", () => {
    if (sent.url && !listed) {
      listed = true;
      uploads.set(new URL(sent.url, location.href).pathname, sent);
      void lookAtFilms();
    }
    draw();
  });
  sent.addEventListener("done", () => { forget(sent); void lookAtFilms(); });
  sent.addEventListener("failed", (e) => {
    forget(sent);
    complain(/** @type {CustomEvent} */ (e).detail);
    void lookAtFilms();
  });
  sent.start();
}

/** @param {TusUpload} sent */
function forget(sent) {
  if (sent.url) uploads.delete(new URL(sent.url, location.href).pathname);
}

/** @param {import("./film_list.js").Film} film */
function askToRemove(film) {
  need("#film-delete-title").textContent = t("delete_question", film);
  const dialog = need("#film-delete");
  dialog.returnValue = "";
  dialog.addEventListener("close", () => { if (dialog.returnValue === "delete") void remove(film); }, { once: true });
  dialog.showModal();
}

/** @param {import("./film_list.js").Film} film */
async function remove(film) {
  const sent = uploadOf(film);
  try {
    if (sent) {
      forget(sent);
      await sent.cancel();
    } else {
      await call("DELETE", `${api}/media/${film.id}`);
    }
  } catch (error) {
    complain(error);
  }
  void lookAtFilms();
}

/** @param {{session: string, title: string, started_at: string}[]} recordings */
function showRecordings(recordings) {
  need("#film-recordings").hidden = recordings.length === 0;
  const select = need("#film-recording");
  const known = [...select.options].map((option) => option.value).join();
  if (known === recordings.map((one) => one.session).join()) return;
  const day = new Intl.DateTimeFormat(language(), { dateStyle: "medium" });
  select.replaceChildren(...recordings.map((one) => new Option(`${one.title} · ${day.format(new Date(one.started_at))}`, one.session)));
}

async function takeRecording() {
  problem("");
  try {
    await call("POST", `${api}/media`, { session: need("#film-recording").value });
  } catch (error) {
    complain(error);
  }
  void lookAtFilms();
}

need("#films-file").addEventListener("change", (/** @type {Event} */ event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  for (const file of input.files ?? []) upload(file);
  input.value = ""; // the same file again is a change, too
});
need("#film-camera").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  void control({ action: "camera", url: need("#film-camera-url").value.trim() });
});
need("#film-take").addEventListener("click", takeRecording);
controls.addEventListener("control", (e) => void control(/** @type {CustomEvent} */ (e).detail));
list.addEventListener("play", (e) => {
  const film = /** @type {CustomEvent} */ (e).detail;
  void control({ action: "play", media_id: film.id, voice_over: need("#film-voice").checked });
});
list.addEventListener("pause", (e) => uploadOf(/** @type {CustomEvent} */ (e).detail)?.pause());
list.addEventListener("resume", (e) => uploadOf(/** @type {CustomEvent} */ (e).detail)?.start());
list.addEventListener("delete", (e) => askToRemove(/** @type {CustomEvent} */ (e).detail));
void lookAtFilms();
void lookAtRoom();
