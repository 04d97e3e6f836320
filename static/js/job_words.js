// What a job is called and how it stands, in words. Pure: no DOM, no clock.
import { lengthInWords, timeOfDay } from "./figures.js";

/**
 * As the API tells it (`GET /api/v1/jobs`).
 * @typedef {{id: string, kind: string, title: string | null, url: string | null, place: string | null, state: string, progress: number,
 *   remaining_seconds: number | null, message: string, waits_for: string | null, attempt: number, reason: string | null,
 *   has_log: boolean, created_at: string, started_at: string | null, not_before: string, finished_at: string | null}} Job
 */
/** @typedef {import("./page_data.js").Translate} Translate */
/**
 * @typedef {{running: Job[], waiting: Job[], failed: Job[], ended: Job[],
 *   counts: {running: number, waiting: number, failed: number}, more: string | null}} Jobs
 */

/** @type {Map<string, string>} a kind → its word; one that is not here is called as the server does */
const KINDS = new Map(Object.entries({
  mp4: "kind_mp4",
  media: "kind_media",
  import: "kind_import",
  heal: "kind_heal",
  pictures: "kind_pictures",
  poster: "kind_poster",
  transcribe: "kind_transcribe",
  scan: "kind_scan",
  store: "kind_store",
  move: "kind_move",
  home: "kind_home",
  remove: "kind_remove",
  backup: "kind_backup",
  "backup-check": "kind_backup_check",
  restore: "kind_restore",
  "notice-mail": "kind_notice_mail",
}));

/** @type {Map<string, string>} why a job waits → its sentence */
const WAITS = new Map(Object.entries({ retry: "wait_retry", disk: "wait_disk", model: "wait_model", scanner: "wait_scanner" }));

/** @type {Map<string, string>} where a recording lies → its words */
const PLACES = new Map(["disk", "copied", "bucket", "damaged"].map((place) => [place, `place_${place}`]));

/** Kinds that look after files: what they last said is what they found or did. */
const CARING = new Set(["scan", "store", "move", "home", "backup", "backup-check", "restore"]);

/** Where the recording is that it works on; empty: of no recording, or nobody knows yet. @param {Job} job @param {Translate} t */
export function placeOf(job, t) {
  const key = PLACES.get(job.place ?? "");
  return key ? t(key) : "";
}

/** @param {Job} job @param {Translate} t */
export function kindOf(job, t) {
  const key = KINDS.get(job.kind);
  return key ? t(key) : job.kind;
}

/** For the names of buttons. @param {Job} job @param {Translate} t */
export function nameOf(job, t) {
  return job.title ? `${kindOf(job, t)}: ${job.title}` : kindOf(job, t);
}

/** @param {Job} job @param {Translate} t @param {string} language @param {number} now ms */
export function standOf(job, t, language, now) {
  if (job.state === "running") return progressOf(job, t, language);
  if (job.state === "waiting") return waitOf(job, t, language, now);
  if (job.state === "failed") return t("failed_at", { count: job.attempt });
  return job.state === "done" ? t("done") : t("cancelled");
}

/** @param {Job} job @param {Translate} t @param {string} language */
function progressOf(job, t, language) {
  const percent = Math.floor(100 * job.progress);
  if (job.remaining_seconds === null) return t("percent", { percent });
  return t("percent_left", { percent, time: lengthInWords(job.remaining_seconds, language) });
}

/** @param {Job} job @param {Translate} t @param {string} language @param {number} now */
function waitOf(job, t, language, now) {
  if (Date.parse(job.not_before) <= now) return t("wait_turn");
  return t(WAITS.get(job.waits_for ?? "") ?? "wait_later", { time: timeOfDay(job.not_before, language) });
}

/** What else is said of it: why it failed or cannot be done now, or, in its own words, what it found. @param {Job} job */
export function reasonOf(job) {
  if (job.state === "done" && CARING.has(job.kind)) return job.message;
  return job.reason ?? "";
}

/**
 * The first page as it was told now, with what had been loaded behind it; a job is in one place only.
 * @param {Jobs} first @param {Job[]} older @returns {Job[]} what has ended
 */
export function endedOf(first, older) {
  const elsewhere = new Set([first.running, first.waiting, first.failed, first.ended].flat().map(({ id }) => id));
  return [...first.ended, ...older.filter(({ id }) => !elsewhere.has(id))];
}
