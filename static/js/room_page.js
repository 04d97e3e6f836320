// The room as viewers see it, live and afterwards, and a recording's own page (/watch/…).
import { ApiError, call, ownAddress } from "./api.js";
import { backoffMs, pause } from "./backoff.js";
import { Beacon } from "./beacon.js";
import { timeOfDay } from "./figures.js";
import { HlsPlayer } from "./hls_player.js";
import { language, need, readJson, t } from "./page_data.js";
import { PlayerBar } from "./player_bar.js";
import { concerns, sessionAfter, viewOf } from "./room_view.js";
import { SharedFeed } from "./shared_feed.js";
import { WakeLock } from "./wake_lock.js";

/** @typedef {import("./room_view.js").Room} Room */

const data = readJson("page"); // {api, room_api, watch: bool}
const root = need("#room");
const video = /** @type {HTMLVideoElement} */ (need("video"));
const player = new HlsPlayer(video);
const bar = new PlayerBar(root, player);
const wake = new WakeLock();
const beacon = new Beacon();

/** @type {Room | null} */ let room = null;
/** @type {SharedFeed | null} */ let feed = null;
let shown = { id: "", playing: "" }; // which playlist the player has: session and "live" or "replay"
let cutAt = ""; // when the lecturer's line was cut, as the reader's clock says
let refreshing = false;

/** @param {string} view @param {string} [words] */
function show(view, words = "") {
  root.dataset.state = view;
  need("#curtain").hidden = !["loading", "waiting", "locked", "members"].includes(view);
  need("#unlock").hidden = view !== "locked";
  need("#sign-in").hidden = view !== "members";
  need("#curtain-words").textContent = words;
  const line = view === "slate" ? (cutAt ? t("slate", { time: cutAt }) : t("slate_some_time")) : "";
  need("#line").hidden = !line;
  need("#line-words").textContent = line;
  const pill = need("#state-pill");
  pill.hidden = !["live", "slate", "replay"].includes(view);
  pill.className = `pill ${view}`;
  need("#state-words").textContent = view === "live" ? t("live") : view === "slate" ? t("back_soon") : t("recording");
  root.dataset.session = room?.session?.id ?? "";
  if (view === "replay") viewers(0);
}

/** @param {string} view */
function wordsFor(view) {
  return { waiting: t("waiting"), locked: t("locked"), members: t("members_only") }[view] ?? "";
}

/** Ask the API what is so, and show it; tried until it answers. */
async function refresh() {
  if (refreshing) return;
  refreshing = true;
  for (let failures = 1; ; failures += 1) {
    try {
      adopt(await call("GET", data.api));
      trouble("page", "");
      break;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) { show("waiting", t("gone")); break; }
      trouble("page", t("no_answer"));
      await pause(backoffMs(failures, { first: 0.5, most: 5 }));
    }
  }
  refreshing = false;
}

/** @param {Room} answer */
function adopt(answer) {
  const next = answer.session;
  const another = next !== null && next.id !== shown.id && isWatchingReplay();
  if (another) offerNext();
  room = another ? { ...answer, session: room?.session ?? null } : answer;
  need("#title").textContent = answer.title;
  startFeed();
  apply();
}

function startFeed() {
  if (!room?.feed || data.watch) return;
  if (feed?.addresses.batch_url === room.feed.batch_url) return;
  feed?.stop();
  trouble("feed", "");
  feed = new SharedFeed(room.feed);
  feed.addEventListener("snapshot", (e) => onSnapshot(/** @type {CustomEvent} */ (e).detail.state));
  feed.addEventListener("event", (e) => onEvent(/** @type {CustomEvent} */ (e).detail));
  feed.addEventListener("trouble", () => trouble("feed", t("no_answer")));
  feed.addEventListener("well", () => trouble("feed", ""));
  feed.addEventListener("denied", () => { feed = null; setTimeout(refresh, 1000); });
  feed.start();
}

/** @param {any} state */
function onSnapshot(state) {
  if (state.session) onSession(state.session, state.session.at ?? null);
  viewers(state.viewers);
}

/** @param {any} event */
function onEvent(event) {
  if (event.kind === "session") onSession({ session: event.session, ...event.payload }, event.at);
  if (event.kind === "viewers") viewers(event.payload.count);
}

/** @param {any} payload @param {string | null} at ISO time of the event */
function onSession(payload, at) {
  const news = { ...payload, session: payload.session ?? payload.id };
  if (!room || !concerns(room, news)) return;
  const another = room.session !== null && room.session.id !== news.session;
  if (another && isWatchingReplay()) { offerNext(); return; }
  if (news.state !== "slate") cutAt = "";
  else if (at) cutAt = timeOfDay(at, language());
  const before = room.session?.state;
  room = { ...room, session: sessionAfter(room, news) };
  if (news.state === "ended" && before !== "ended") scheduleLook(); // MP4, title and the like
  apply();
}

const isWatchingReplay = () => shown.playing === "replay" && !video.paused && !video.ended;

/** A new lecture has begun while the last one is being watched: ask, do not tear away. */
function offerNext() {
  need("#next").hidden = false;
}

function apply() {
  if (!room) return;
  const view = viewOf(room);
  wake.set(view === "live" || view === "slate");
  beacon.run(room.beacon_url, room.beacon_seconds, !data.watch && (view === "live" || view === "slate"));
  const session = room.session;
  if (session?.hls_url && (view === "live" || view === "slate")) playLive(session.id, session.hls_url);
  if (session?.hls_url && view === "replay") playReplay(session.id, session.hls_url);
  if (view === "waiting" && shown.playing) stopPlaying();
  show(view, wordsFor(view));
  showDownload(session);
}

/** @param {string} id @param {string} url */
function playLive(id, url) {
  if (shown.id === id && shown.playing === "live") return;
  shown = { id, playing: "live" };
  need("#next").hidden = true;
  player.load(ownAddress(url), { live: true });
  bar.startPlaying();
}

/** A session of nothing but slates: what was live is over, and nothing is left to play. */
function stopPlaying() {
  shown = { id: "", playing: "" };
  player.unload();
}

/** @param {string} id @param {string} url */
function playReplay(id, url) {
  if (shown.id === id && shown.playing === "replay") return;
  const wasLive = shown.id === id && shown.playing === "live";
  const play = root.dataset.state !== "slate" && (!video.paused || video.ended); // who waited before a slate has left
  shown = { id, playing: "replay" };
  if (!wasLive) {
    player.load(ownAddress(url), { live: false });
    return;
  }
  root.dataset.ended = "true";
  if (player.following) afterLastPicture(() => switchToReplay(id, url, null, play));
  else switchToReplay(id, url, player.playingDate, play);
}

/** The live picture plays out, as far as the replay has time: it plays within a second of the end. @param {() => void} then */
function afterLastPicture(then) {
  let done = false;
  const once = () => { if (!done) { done = true; then(); } };
  const standing = video.paused || root.dataset.state === "slate";
  video.addEventListener("ended", once, { once: true });
  setTimeout(once, standing ? 0 : 300);
}

/** @param {string} id @param {string} url @param {number | null} date where the viewer was, ms @param {boolean} play */
function switchToReplay(id, url, date, play) {
  if (shown.id !== id || shown.playing !== "replay") return; // the next lecture was faster
  player.load(ownAddress(url), { live: false, startDate: date });
  if (play) bar.startPlaying();
}

/** @param {import("./room_view.js").Session | null} session */
function showDownload(session) {
  const link = need("#download");
  const ready = session?.mp4_state === "ready" && session.mp4_url;
  link.hidden = !ready;
  if (ready) link.href = session.mp4_url;
  const making = session?.state === "ended" && ["waiting", "running"].includes(session.mp4_state ?? "");
  const percent = Math.round(100 * (session?.mp4_progress ?? 0));
  need("#making").hidden = !making;
  need("#making").textContent = making ? t("mp4_making", { percent }) : "";
  if (making) scheduleLook();
}

const LOOK_MS = 5000; // to twice that, each page at its own time: all of them began to look at the same moment
let looking = 0;
/** The MP4 is made in the background: look again until it is there. */
function scheduleLook() {
  clearTimeout(looking);
  looking = window.setTimeout(refresh, LOOK_MS * (1 + Math.random()));
}

/** @param {number} count */
function viewers(count) {
  need("#viewers").hidden = !count || !["live", "slate"].includes(root.dataset.state ?? "");
  need("#viewers-words").textContent = t("watching", { count });
}

/** What is wrong, by who says so. @type {Map<"page" | "feed" | "player", string>} */
const troubles = new Map();

/** @param {"page" | "feed" | "player"} whose @param {string} words "" when it is good again */
function trouble(whose, words) {
  if (words) troubles.set(whose, words);
  else troubles.delete(whose);
  // While the picture runs, a feed that is late is no news to anybody.
  const plays = !video.paused && !troubles.has("player");
  const shownWords = troubles.get("player") ?? troubles.get("page") ?? (plays ? "" : troubles.get("feed")) ?? "";
  need("#trouble").hidden = !shownWords;
  need("#trouble-words").textContent = shownWords;
}

player.addEventListener("trouble", (e) => trouble("player", /** @type {CustomEvent} */ (e).detail === "media" ? t("media_trouble") : t("no_answer")));
player.addEventListener("well", () => trouble("player", ""));
player.addEventListener("denied", () => { shown = { id: "", playing: "" }; setTimeout(refresh, 1000); });
player.addEventListener("over", () => { if (room?.session) onSession({ session: room.session.id, state: "ended" }, null); });
player.addEventListener("finished", () => { if (!need("#next").hidden) void showNext(); });

async function showNext() {
  need("#next").hidden = true;
  shown = { id: "", playing: "" };
  await refresh();
}
need("#next button").addEventListener("click", showNext);

need("#unlock").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (need("#unlock input"));
  try {
    await call("POST", `${data.room_api}/unlock`, { password: field.value });
    field.value = "";
    need("#unlock-error").textContent = "";
    await refresh();
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    const known = { 401: t("wrong_password"), 403: t("wrong_password"), 429: t("too_many") };
    need("#unlock-error").textContent = /** @type {Record<number, string>} */ (known)[status] ?? t("no_answer");
    field.focus();
  }
});

void refresh();
