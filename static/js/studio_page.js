// The lecturer's page: sees and hears oneself, goes live, stays live, ends. Joins the studio's parts; each has a file of its own.
import { ApiError, call } from "./api.js";
import { Capture, errorKey } from "./capture.js";
import { LevelMeter } from "./level_meter.js";
import { LineTest } from "./line_test.js";
import { LiveBar } from "./live_bar.js";
import { LiveWarnings, PATIENCE_MS } from "./live_warnings.js";
import { OffRecord } from "./off_record.js";
import { OneSender } from "./one_sender.js";
import { need, readJson, t } from "./page_data.js";
import { PlannedLecture } from "./planned_lecture.js";
import { Program } from "./program.js";
import { ProgramView } from "./program_view.js";
import { QualityPicker } from "./quality_picker.js";
import { ScenePicker } from "./scene_picker.js";
import { Shortcuts } from "./shortcuts.js";
import { SoundCheck } from "./sound_check.js";
import { SoundSwitches } from "./sound_switches.js";
import { SourcePickers } from "./source_pickers.js";
import { StudioCopy } from "./studio_copy.js";
import { StudioKeeping } from "./studio_keeping.js";
import { StudioRoom } from "./studio_room.js";
import { TitleEditor } from "./title_editor.js";
import { copyText, toast } from "./toast.js";
import { WakeLock } from "./wake_lock.js";
import { WhipPublisher } from "./whip_publisher.js";

const POLL_MS = 2000;

const data = readJson("page"); // {api, room_url, title}
const root = need("#studio");
const room = new StudioRoom(data.api);
const capture = new Capture();
const quality = new QualityPicker();
const program = new Program(quality.quality, data.title);
const view = new ProgramView(program, capture);
const pickers = new SourcePickers(capture, program, problem);
const scenes = new ScenePicker(program, capture, pickers);
const soundCheck = new SoundCheck(() => capture.microphone);
const lineTest = new LineTest(`${data.api}/line-test`);
const bar = new LiveBar(root);
const warnings = new LiveWarnings();
const wake = new WakeLock();
const tabs = new OneSender(data.api);
const copies = new StudioCopy(data.api);
const title = new TitleEditor(room, data.title);
const offRecord = new OffRecord(root, room);
const keeping = new StudioKeeping(room, () => onAir());
const publisher = new WhipPublisher({
  // A line that comes back goes on with its lecture; it never begins another one without a click.
  takeToken: (wish) => call("POST", `${data.api}/publish-token`, { ...wish, session: root.dataset.sending || null }),
});

/** @type {string | number | null} */ let epoch = null; // of the recorder that has our publication
let ending = false; // by this page: the feed may tell it before the answer does

const sending = () => ["connecting", "live", "reconnecting"].includes(publisher.state);
const onAir = () => sending() || room.running;
const bitrate = () => (program.hasScreen ? quality.quality.screenBitrate : quality.quality.bitrate);

/** @param {string} words what went wrong, "" when it is good again */
function problem(words) {
  need("#problem").hidden = !words;
  need("#problem-words").textContent = words;
}

function draw() {
  root.dataset.state = publisher.state;
  root.dataset.air = String(onAir());
  root.dataset.session = room.session?.id ?? "";
  root.dataset.scene = program.scene;
  need("#go-live").hidden = onAir();
  need("#before-live").hidden = onAir() || publisher.state === "ended";
  need("#go-live").disabled = !program.hasPicture && !capture.microphone;
  need("#end").hidden = !onAir();
  need("#resume").hidden = !onAir() || sending();
  need("#replay").hidden = publisher.state !== "ended" || room.session?.state !== "ended";
  need("#unsteady").hidden = program.steadyWhenHidden;
  soundCheck.allow(!sending() && capture.microphone !== null);
  lineTest.allow(!sending());
  bar.draw(publisher.state, room.session, onAir());
  title.draw(onAir());
  offRecord.draw();
  wake.set(sending());
  const session = root.dataset.sending;
  if (session && sending() && keeping.keepsAny) copies.follow({ session, stream: program.stream, bitrate: bitrate() });
  if (!sending() || !keeping.keepsAny) copies.follow(null);
}

// Going live and ending

/** @param {boolean} takeover */
function goLive(takeover = false) {
  problem("");
  epoch = null;
  remember(room.running ? room.session?.id ?? "" : "");
  tabs.claim();
  publisher.start(program.stream, bitrate(), takeover);
}

async function onGoLive() {
  goLive();
  const copied = await copyText(data.room_url); // while the click still counts as the user's wish
  toast(copied ? t("going_live_copied") : t("going_live"));
}

/** Stop sending without ending anything. @param {string} words why, "" where that is plain */
function stopSending(words) {
  remember("");
  tabs.release();
  void publisher.stop({ sessionEnded: true });
  if (words) toast(words);
}

async function end() {
  ending = need("#end-confirm").disabled = true;
  const words = keeping.endWords; // afterwards it is the next lecture's
  try {
    const ended = await room.end();
    need("#end-dialog").close();
    stopSending(ended ? words : "");
    await room.look();
  } catch (error) {
    need("#end-problem").textContent = error instanceof ApiError && error.detail ? error.detail : t("end_failed");
  } finally {
    ending = need("#end-confirm").disabled = false;
  }
}

function askToEnd() {
  if (!onAir()) return;
  need("#end-problem").textContent = "";
  need("#end-dialog").showModal();
}

/** @param {{status: number, title: string, detail: string}} refusal */
function onRefused({ status, title, detail }) {
  tabs.release();
  /** @type {Record<number, string>} */
  const known = { 401: t("sign_in_again"), 422: t("no_h264"), 507: t("disk_full") };
  // After End the recorder takes nothing from the same hand for a minute: encoders that reconnect by themselves.
  if (status === 409 && title === "Session ended") problem(t("just_ended"));
  else if (status === 409) need("#takeover-dialog").showModal();
  else problem(known[status] ?? detail ?? t("refused"));
}

// The session that is sent to

/** @param {import("./room_view.js").Session} session */
function noteSession(session) {
  if (session.state === "ended") {
    copies.look(session.id);
    if (sending() && !ending && session.id === root.dataset.sending) stopSending(t("ended_elsewhere"));
    return;
  }
  if (publisher.state === "live" && !root.dataset.sending) remember(session.id);
  const told = session.recorder_epoch ?? null;
  if (epoch !== null && told !== null && told !== epoch && sending()) publisher.doubt();
  if (told !== null && publisher.state === "live") epoch = told;
}

/** @param {string} id session that this tab sends to: a reload goes on by itself */
function remember(id) {
  root.dataset.sending = id;
  if (id) sessionStorage.setItem("kodo-sending", id);
  else sessionStorage.removeItem("kodo-sending");
}

async function goOnAfterReload() {
  const mine = sessionStorage.getItem("kodo-sending");
  if (!mine || mine !== room.session?.id || !onAir()) return;
  if (!program.hasPicture && !capture.microphone) return;
  if (await tabs.taken()) { remember(""); return; }
  goLive();
}

// Events

publisher.addEventListener("state", () => {
  if (publisher.state === "live") { problem(""); void room.look(); }
  draw();
});
publisher.addEventListener("stuck", () => problem(t("no_way_through")));
publisher.addEventListener("refused", (e) => onRefused(/** @type {CustomEvent} */ (e).detail));
publisher.addEventListener("figures", (e) => {
  const { detail } = /** @type {CustomEvent} */ (e);
  bar.figures(detail);
  if (quality.watch(detail, performance.now())) toast(t("made_smaller", { name: quality.quality.name }));
});

room.addEventListener("session", (e) => noteSession(/** @type {CustomEvent} */ (e).detail));
room.addEventListener("viewers", (e) => bar.viewers(/** @type {CustomEvent} */ (e).detail));
room.addEventListener("look", (e) => { bar.answered(/** @type {CustomEvent} */ (e).detail); draw(); });

capture.addEventListener("change", () => {
  program.feed(capture);
  if (sending()) void publisher.replace(program.stream, bitrate());
  meter?.listen(capture.microphone);
  scenes.draw();
  view.draw();
  draw();
});
program.addEventListener("scene", draw);
program.addEventListener("watch", (e) => warnings.pictures(/** @type {CustomEvent} */ (e).detail.sources));
program.addEventListener("pace", (e) => {
  const pace = /** @type {CustomEvent} */ (e).detail;
  root.dataset.missed = String(pace.missed);
  root.dataset.paintMs = pace.paintMs.toFixed(1);
  if (!sending()) quality.learnPace(pace);
  if (program.steadyWhenHidden || !document.hidden) copies.watch(pace.missed);
});
quality.addEventListener("change", () => {
  program.resize(quality.quality);
  bar.size(program.size.width, program.size.height);
  void capture.resize(quality.quality);
  if (sending()) void publisher.replace(program.stream, bitrate());
});
lineTest.addEventListener("measured", (e) => quality.learnLine(/** @type {CustomEvent} */ (e).detail));
tabs.addEventListener("taken", () => stopSending(t("other_tab")));

need("#go-live").addEventListener("click", onGoLive);
need("#resume-button").addEventListener("click", () => goLive());
need("#end").addEventListener("click", askToEnd);
need("#end-confirm").addEventListener("click", end);
need("#takeover-confirm").addEventListener("click", () => { need("#takeover-dialog").close(); goLive(true); });
for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}
need("#copy-link").addEventListener("click", async () => {
  toast((await copyText(data.room_url)) ? t("link_copied") : data.room_url);
});
window.addEventListener("beforeunload", (event) => { if (sending()) event.preventDefault(); });
window.addEventListener("pagehide", () => { capture.close(); program.close(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // from the back-forward cache

const meter = Capture.possible
  ? new LevelMeter(need("#level"), (silentMs) => {
      warnings.set("silent", silentMs > PATIENCE_MS);
    })
  : null;

new PlannedLecture(room, onAir);
new SoundSwitches(capture, (error) => problem(t(errorKey(error))));
new Shortcuts({
  m: () => pickers.toggleMute(),
  c: () => void pickers.toggleCamera(),
  s: () => void pickers.toggleScreen(),
  r: () => void offRecord.toggle(),
  e: askToEnd,
  1: () => void scenes.choose("camera"),
  2: () => void scenes.choose("screen"),
  3: () => void scenes.choose("inset"),
  4: () => void scenes.choose("side"),
});

async function begin() {
  if (!Capture.possible) problem(t("needs_https"));
  capture.size = { width: quality.quality.width, height: quality.quality.height };
  bar.size(program.size.width, program.size.height);
  const looked = room.look();
  if (Capture.possible) await pickers.begin();
  await looked;
  await goOnAfterReload();
  copies.look();
  setInterval(() => { if (onAir()) void room.look(); }, POLL_MS);
  draw();
}

void begin();
