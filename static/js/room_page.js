// The room as viewers see it, live and afterwards, a recording's own page (/watch/…), and the player in other sites' frames.
import { ApiError, call } from "./api.js";
import { Autoplay } from "./autoplay.js";
import { backoffMs, pause } from "./backoff.js";
import { Beacon } from "./beacon.js";
import { DownloadLink } from "./download_link.js";
import { clockTime, timeOfDay } from "./figures.js";
import { firstPicture } from "./first_picture.js";
import { HlsPlayer } from "./hls_player.js";
import { MarkStrip } from "./mark_strip.js";
import { MediaSessionLink } from "./media_session.js";
import { showText } from "./linked_text.js";
import { NextLecture } from "./next_lecture.js";
import { NowPlaying } from "./now_playing.js";
import { language, need, readJson, t } from "./page_data.js";
import { PlaybackMemory } from "./playback_memory.js";
import { PlayerBar } from "./player_bar.js";
import { putControlsOn } from "./player_chrome.js";
import { PlayerKeys } from "./player_keys.js";
import { concerns, newsOfVersion, sessionAfter, viewOf } from "./room_view.js";
import { ShareDialog } from "./share_dialog.js";
import { timeAskedFor } from "./share_links.js";
import { SharedFeed } from "./shared_feed.js";
import { Troubles } from "./troubles.js";
import { UnlockForm } from "./unlock_form.js";
import { WakeLock } from "./wake_lock.js";

/** @typedef {import("./room_view.js").Room} Room */
/** @typedef {import("./room_view.js").Session} Session */

const data = readJson("page"); // {api, room_api, watch: bool, share: {link, embed}}
const root = need("#room");
const video = /** @type {HTMLVideoElement} */ (need("video"));
const player = new HlsPlayer(video);
const memory = new PlaybackMemory();
const autoplay = new Autoplay(video, need("#unmute"));
const marks = new MarkStrip(player);
const wake = new WakeLock();
const beacon = new Beacon(player);
const troubles = new Troubles(video);
const playing = new NowPlaying(player, autoplay, memory, {
  timeAsked: timeAskedFor(location.search),
  isSlate: () => root.dataset.state === "slate",
  onEnded: () => { root.dataset.ended = "true"; },
  onResumed: showResumed,
  leftAt: () => room?.session?.watched?.resume_at ?? null,
});
const ofPage = optionalParts();
const nextLecture = new NextLecture(ofPage.scheduled);

/** @type {Room | null} */ let room = null;
/** @type {SharedFeed | null} */ let feed = null;
const LONGEST_WITHOUT_NEWS_MS = 3000;
let cutAt = ""; // when the lecturer's line was cut, in the reader's zone
let refreshing = false;

/** What a page has and a frame of another site has not. */
function optionalParts() {
  const download = document.querySelector("#download");
  const unlock = document.querySelector("#unlock");
  if (unlock instanceof HTMLFormElement) new UnlockForm(unlock, data.room_api, refresh);
  if (document.querySelector("#share")) new ShareDialog(data.share, () => ({ session: playing.id, seconds: video.readyState > 0 ? player.clock : null }));
  return {
    download: download instanceof HTMLAnchorElement ? new DownloadLink(download) : null,
    description: /** @type {HTMLElement | null} */ (document.querySelector("#description")),
    scheduled: /** @type {HTMLElement | null} */ (document.querySelector("#scheduled")),
    offRecord: /** @type {HTMLElement | null} */ (document.querySelector("#off-record")),
  };
}

/** @param {string} view @param {string} [words] */
function show(view, words = "") {
  root.dataset.state = view;
  need("#curtain").hidden = !["loading", "waiting", "locked", "members", "invited", "kept_out"].includes(view);
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
  return { waiting: nextLecture.words || t("waiting"), locked: t("locked"), members: t("members_only"), invited: t("invited_only"), kept_out: t("kept_out") }[view] ?? "";
}

/** Ask the API what is so, and show it; tried until it answers. */
async function refresh() {
  if (refreshing) return;
  refreshing = true;
  for (let failures = 1; ; failures += 1) {
    try {
      adopt(await call("GET", data.api));
      troubles.say("page", "");
      break;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) { show("waiting", t("gone")); break; }
      troubles.say("page", t("no_answer"));
      await pause(backoffMs(failures, { first: 0.5, most: 5 }));
    }
  }
  refreshing = false;
}

/** @param {Room} answer */
function adopt(answer) {
  const next = answer.session;
  const another = next !== null && next.id !== playing.id && playing.isWatchingReplay;
  if (another) offerNext();
  room = another ? { ...answer, session: room?.session ?? null } : answer;
  nextLecture.is(answer.scheduled);
  tellKeeping(answer.keeping);
  startFeed();
  apply();
}

/** @param {{kept: string, days: number} | null | undefined} keeping */
function tellKeeping(keeping) {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("#keeping"));
  if (place && keeping && place.dataset.kept !== keeping.kept) void import("./keeping_notice.js").then((one) => one.tellKeeping(keeping));
}

function startFeed() {
  if (!room?.feed || data.watch) return;
  if (feed?.addresses.batch_url === room.feed.batch_url) return;
  feed?.stop();
  troubles.say("feed", "");
  feed = new SharedFeed(room.feed);
  feed.addEventListener("snapshot", (e) => onSnapshot(/** @type {CustomEvent} */ (e).detail.state));
  feed.addEventListener("event", (e) => onEvent(/** @type {CustomEvent} */ (e).detail));
  feed.addEventListener("trouble", () => troubles.say("feed", t("no_answer")));
  feed.addEventListener("well", () => troubles.say("feed", ""));
  feed.addEventListener("denied", () => { feed = null; setTimeout(refresh, 1000); });
  void startSoon(feed);
}

/** The picture of what is on air goes before the news of it. @param {SharedFeed} started */
async function startSoon(started) {
  const onAir = room?.session?.hls_url && room.session.state !== "ended";
  if (onAir) await Promise.race([firstPicture(video), pause(LONGEST_WITHOUT_NEWS_MS)]);
  if (feed === started) started.start();
}

/** @param {any} state */
function onSnapshot(state) {
  if (state.session) onSession(state.session, state.session.at ?? null);
  if (state.title) onTitle(state.title);
  if (state.scheduled) nextLecture.is(state.scheduled); // one that has lapsed is none: the API has told of another
  tellKeeping(state.kept);
  viewers(state.viewers);
}

/** @param {any} event */
function onEvent(event) {
  if (event.kind === "session") onSession({ session: event.session, ...event.payload }, event.at);
  if (event.kind === "viewers") viewers(event.payload.count);
  if (event.kind === "title") onTitle(event.payload);
  if (event.kind === "replay") onReplay(event.payload);
  if (event.kind === "scheduled") nextLecture.is(event.payload.scheduled);
  if (event.kind === "kept") tellKeeping(event.payload);
}

/** @param {{session: string, title: string, description?: string}} payload */
function onTitle({ session, title, description }) {
  if (room?.session?.id !== session) return;
  room = { ...room, session: { ...room.session, title, description: description ?? room.session.description } };
  apply();
}

/** Of a session that is not the room's last one any more. @param {{session: string, replay_version: number}} payload */
function onReplay({ session, replay_version: version }) {
  if (room?.session?.id === session) onSession(newsOfVersion(room.session, version), null);
}

/** @param {any} payload @param {string | null} at ISO time of the event */
function onSession(payload, at) {
  const news = { ...payload, session: payload.session ?? payload.id };
  if (!room || !concerns(room, news)) return;
  const another = room.session !== null && room.session.id !== news.session;
  if (another && playing.isWatchingReplay) { offerNext(); return; }
  if (news.state !== "slate") cutAt = "";
  else if (at) cutAt = timeOfDay(at, language());
  const before = stateOf(room.session);
  room = { ...room, session: sessionAfter(room, news) };
  if (news.state === "ended" && stateOf(room.session) !== before) scheduleLook(); // MP4, title and the like
  apply();
}

/** A new lecture has begun while the last one is being watched: ask, do not tear away. */
function offerNext() {
  need("#next").hidden = false;
}

function apply() {
  if (!room) return;
  const view = viewOf(room);
  const { session } = room;
  const onAir = view === "live" || view === "slate";
  wake.set(onAir);
  const isWatched = session !== null && (view === "replay" || (onAir && !data.watch));
  beacon.run(room.beacon_url, room.beacon_seconds, isWatched ? { session: session.id, replay: view === "replay" } : null);
  player.zero = Date.parse(session?.started_at ?? "");
  if (ofPage.offRecord) ofPage.offRecord.hidden = !(onAir && session?.off_record);
  if (session?.hls_url && onAir) {
    need("#next").hidden = true;
    playing.live(session.id, session.hls_url);
  }
  if (session?.hls_url && view === "replay") playing.replay(session.id, session.hls_url);
  if (view === "waiting") playing.stop();
  show(view, wordsFor(view));
  need("#title").textContent = session?.title || room.title;
  if (ofPage.description) showText(ofPage.description, (room.may_watch && session?.description) || "");
  nextLecture.show(!onAir && room.may_watch);
  const comes = [ofPage.download?.draw(session), view === "replay" && ["waiting", "running"].includes(session?.pictures_state ?? "")];
  if (comes.some(Boolean)) scheduleLook();
  showMarks();
}

nextLecture.addEventListener("words", () => { if (root.dataset.state === "waiting") need("#curtain-words").textContent = wordsFor("waiting"); });
nextLecture.addEventListener("lapsed", () => scheduleLook());

const LOOK_MS = 5000; // to twice that, each page at its own time: all of them began to look at the same moment
let looking = 0;
/** The MP4 and pictures are made in the background: look again until they are there. */
function scheduleLook() {
  clearTimeout(looking);
  looking = window.setTimeout(refresh, LOOK_MS * (1 + Math.random()));
}

/** On which its marks and its MP4 depend. @param {Session | null} session */
function stateOf(session) {
  return `${session?.id} ${session?.state} ${session?.replay_version}`;
}

let controlsAreOn = false;
let marked = "";
/** With each state of what is played its marks may be others. The first picture goes before them. */
function showMarks() {
  const { session } = room ?? {};
  const isReplay = root.dataset.state === "replay";
  if (controlsAreOn && session && (isReplay || session.transcript_url)) void import("./beside_player.js").then((one) => one.showBeside(player, session, isReplay));
  const state = stateOf(session ?? null);
  if (!controlsAreOn || !session?.hls_url || state === marked) return;
  marked = state;
  void marks.load(session.hls_url);
}

/** @param {number | null} at seconds; null: from the beginning, or live */
function showResumed(at) {
  need("#resumed").hidden = at === null;
  if (at !== null) need("#resumed-words").textContent = t("resumed", { time: clockTime(at) });
}
need("#from-start").addEventListener("click", () => {
  showResumed(null);
  player.seekTo(0);
  player.play();
});

/** @param {number} count */
function viewers(count) {
  need("#viewers").hidden = !count || !["live", "slate"].includes(root.dataset.state ?? "");
  need("#viewers-words").textContent = t("watching", { count });
}

player.addEventListener("trouble", (e) => troubles.say("player", /** @type {CustomEvent} */ (e).detail === "media" ? t("media_trouble") : t("no_answer")));
player.addEventListener("well", () => troubles.say("player", ""));
player.addEventListener("denied", () => { playing.forget(); setTimeout(refresh, 1000); });
player.addEventListener("over", () => { if (room?.session) onSession({ session: room.session.id, state: "ended" }, null); });
player.addEventListener("finished", () => { if (!need("#next").hidden) void showNext(); });

async function showNext() {
  need("#next").hidden = true;
  playing.forget();
  await refresh();
}
need("#next button").addEventListener("click", showNext);

/** For tests and style: whether the edge is followed, and the distance from it. */
function tellDistance() {
  root.dataset.following = String(player.following);
  root.dataset.behind = player.behind.toFixed(1);
}
player.addEventListener("change", tellDistance);
setInterval(tellDistance, 500);

const { volume, muted } = memory.taste;
Object.assign(video, { volume, muted });
video.addEventListener("volumechange", () => { if (!autoplay.silenced) memory.keepTaste({ volume: video.volume, muted: video.muted }); });

/** What may wait until the picture moves. */
async function furnish() {
  await firstPicture(video);
  await putControlsOn(root);
  new PlayerBar(root, player, (rate) => memory.keepTaste({ rate }));
  new MediaSessionLink(player, () => ({ title: need("#title").textContent, room: "Kodo" }));
  controlsAreOn = true;
  marks.attach();
  showMarks();
  void tellOfTranscript();
}

let told = "";
/** Of an ended lecture, on its page. */
async function tellOfTranscript() {
  const { session } = room ?? {};
  if (!ofPage.description || session?.state !== "ended" || told === session.id) return;
  told = session.id;
  const { TranscriptionNotice } = await import("./transcription_notice.js");
  new TranscriptionNotice(`/api/v1/recordings/${session.id}`, () => { if (!room?.session?.transcript_url) void refresh(); });
}

new PlayerKeys(player, need("#screen"));
void furnish();
void refresh();
