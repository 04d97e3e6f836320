// The lecturer's page: sees and hears oneself, goes live, stays live, ends.
import { ApiError, call } from "./api.js";
import { Capture } from "./capture.js";
import { LevelMeter } from "./level_meter.js";
import { LiveBar } from "./live_bar.js";
import { need, readJson, t } from "./page_data.js";
import { SharedFeed } from "./shared_feed.js";
import { SourcePickers } from "./source_pickers.js";
import { copyText, toast } from "./toast.js";
import { WakeLock } from "./wake_lock.js";
import { WhipPublisher } from "./whip_publisher.js";

const POLL_MS = 2000;
const SILENT_MS = 8000;

const data = readJson("page"); // {api, room_url}
const root = need("#studio");
const capture = new Capture();
const pickers = new SourcePickers(root, capture, problem);
const bar = new LiveBar(root);
const wake = new WakeLock();
const publisher = new WhipPublisher({
  // A line that comes back goes on with its lecture; it never begins another one without a click.
  takeToken: (wish) => call("POST", `${data.api}/publish-token`, { ...wish, session: root.dataset.sending || null }),
});

/** @type {import("./room_view.js").Room | null} */ let room = null;
/** @type {SharedFeed | null} */ let feed = null;
/** @type {string | number | null} */ let epoch = null; // of the recorder that has our publication

const sending = () => ["connecting", "live", "reconnecting"].includes(publisher.state);
const onAir = () => sending() || ["live", "slate"].includes(room?.session?.state ?? "");

/** @param {string} words what went wrong, "" when it is good again */
function problem(words) {
  need("#problem").hidden = !words;
  need("#problem-words").textContent = words;
}

function draw() {
  root.dataset.state = publisher.state;
  root.dataset.air = String(onAir());
  root.dataset.session = room?.session?.id ?? "";
  need("#go-live").hidden = onAir();
  need("#before-live").hidden = onAir() || publisher.state === "ended";
  need("#go-live").disabled = !capture.video && !capture.audio;
  need("#end").hidden = !onAir();
  need("#resume").hidden = !onAir() || sending();
  need("#replay").hidden = publisher.state !== "ended" || room?.session?.state !== "ended";
  bar.draw(publisher.state, room?.session ?? null, onAir());
  wake.set(sending());
}

/** @param {boolean} takeover */
function goLive(takeover = false) {
  problem("");
  epoch = null;
  remember(onAir() ? room?.session?.id ?? "" : "");
  publisher.start(capture.stream, capture.kind, takeover);
}

async function onGoLive() {
  goLive();
  const copied = await copyText(data.room_url); // while the click still counts as the user's wish
  toast(copied ? t("going_live_copied") : t("going_live"));
}

async function look() {
  try {
    room = await call("GET", data.api);
    if (!feed) startFeed();
    noteSession(room?.session);
    bar.answered(true);
  } catch {
    bar.answered(false); // said beside the recording light; the sending itself does not need this call
  }
  draw();
}

function startFeed() {
  if (!room?.feed) return;
  feed = new SharedFeed(room.feed);
  feed.addEventListener("event", (e) => onEvent(/** @type {CustomEvent} */ (e).detail));
  feed.addEventListener("snapshot", (e) => bar.viewers(/** @type {CustomEvent} */ (e).detail.state.viewers));
  feed.addEventListener("denied", () => { feed = null; }); // the next look() brings new addresses
  feed.start();
}

/** @param {any} event */
function onEvent(event) {
  if (event.kind === "viewers") bar.viewers(event.payload.count);
  if (event.kind !== "session") return;
  const session = { ...event.payload, id: event.payload.session ?? event.session };
  if (room?.session?.id === session.id) noteSession(session);
  void look();
}

/** @param {any} session */
function noteSession(session) {
  if (!session) return;
  if (session.state === "ended") {
    if (sending() && session.id === root.dataset.sending) endedElsewhere();
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

function endedElsewhere() {
  remember("");
  void publisher.stop({ sessionEnded: true });
  toast(t("ended_elsewhere"));
}

async function end() {
  need("#end-confirm").disabled = true;
  try {
    await call("POST", `${data.api}/end`, {});
    need("#end-dialog").close();
    remember("");
    await publisher.stop({ sessionEnded: true });
    toast(t("lecture_ended"));
    await look();
  } catch (error) {
    need("#end-problem").textContent = error instanceof ApiError && error.detail ? error.detail : t("end_failed");
  } finally {
    need("#end-confirm").disabled = false;
  }
}

/** @param {{status: number, title: string, detail: string}} refusal */
function onRefused({ status, title, detail }) {
  /** @type {Record<number, string>} */
  const known = { 401: t("sign_in_again"), 422: t("no_h264"), 507: t("disk_full") };
  // After End the recorder takes nothing from the same hand for a minute: encoders that reconnect by themselves.
  if (status === 409 && title === "Session ended") problem(t("just_ended"));
  else if (status === 409) need("#takeover-dialog").showModal();
  else problem(known[status] ?? detail ?? t("refused"));
}

publisher.addEventListener("state", () => {
  if (publisher.state === "live") { problem(""); void look(); }
  draw();
});
publisher.addEventListener("refused", (e) => onRefused(/** @type {CustomEvent} */ (e).detail));
publisher.addEventListener("figures", (e) => bar.figures(/** @type {CustomEvent} */ (e).detail));

need("#go-live").addEventListener("click", onGoLive);
need("#resume-button").addEventListener("click", () => goLive());
need("#end").addEventListener("click", () => { need("#end-problem").textContent = ""; need("#end-dialog").showModal(); });
need("#end-confirm").addEventListener("click", end);
need("#takeover-confirm").addEventListener("click", () => { need("#takeover-dialog").close(); goLive(true); });
for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}
need("#copy-link").addEventListener("click", async () => {
  toast((await copyText(data.room_url)) ? t("link_copied") : data.room_url);
});
window.addEventListener("beforeunload", (event) => { if (sending()) event.preventDefault(); });
window.addEventListener("pagehide", () => capture.close());

capture.addEventListener("change", () => {
  if (sending()) void publisher.replace(capture.stream, capture.kind);
  meter?.listen(capture.audio);
  draw();
});
capture.addEventListener("screen-ended", () => void pickers.useCamera());

const meter = Capture.possible
  ? new LevelMeter(need("#level"), (silentMs) => {
      const silent = Boolean(capture.audio?.enabled) && silentMs > SILENT_MS && meter?.running;
      need("#silent").hidden = !silent;
    })
  : null;

async function begin() {
  if (!Capture.possible) problem(t("needs_https"));
  const looked = look();
  if (Capture.possible) await pickers.begin();
  await looked;
  const mine = sessionStorage.getItem("kodo-sending");
  if (mine && mine === room?.session?.id && onAir() && capture.stream.getTracks().length) goLive();
  setInterval(() => { if (onAir()) void look(); }, POLL_MS);
  draw();
}

void begin();
