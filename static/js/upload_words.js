// How an upload into the library stands, in words. Pure: no DOM, no clock.
import { byteSize, lengthInWords } from "./figures.js";

/**
 * As the API tells it (`GET /api/v1/library/uploads`).
 * @typedef {{id: string, recording: string, title: string, filename: string, state: "uploading" | "waiting" | "checking" | "preparing"
 *   | "ready" | "failed" | "quarantined", reason: string | null, progress: number | null, remaining_seconds: number | null,
 *   bytes: number, offset: number, upload_url: string | null, url: string}} Upload
 */
/** What this page knows of the file that it sends. @typedef {{state: string, offset: number}} Sent */
/** @typedef {import("./page_data.js").Translate} Translate */
/** @typedef {"choose" | "pause" | "resume" | "retry" | "watch" | "remove"} Act */

/** @type {Map<string, string>} why it waits → its sentence */
const WAITS = new Map(Object.entries({ disk: "upload_wait_disk", scanner: "upload_wait_scanner", retry: "upload_wait_retry" }));

/** @type {Map<string, string>} why it failed → its sentence */
const FAILED = new Map(Object.entries({
  empty: "upload_failed_empty",
  unreadable: "upload_failed_unreadable",
  nothing: "upload_failed_nothing",
  protected: "upload_failed_protected",
  too_large: "upload_failed_too_large",
  too_long: "upload_failed_too_long",
  too_short: "upload_failed_too_short",
  cut_off: "upload_failed_cut_off",
  gone: "upload_failed_gone",
}));

/** @param {Upload} upload @param {Sent | undefined} sent @returns {number | null} 0 to 1 */
export function shareOf(upload, sent) {
  if (upload.state === "uploading") return (sent?.offset ?? upload.offset) / Math.max(1, upload.bytes);
  return upload.state === "preparing" ? upload.progress ?? 0 : null;
}

/** @param {Upload} upload @param {Sent | undefined} sent @param {Translate} t @param {string} language */
export function standOf(upload, sent, t, language) {
  const percent = Math.floor(100 * (shareOf(upload, sent) ?? 0));
  if (upload.state === "uploading") return sendingOf(sent, percent, byteSize(upload.bytes, language), t);
  if (upload.state === "waiting") return t(WAITS.get(upload.reason ?? "") ?? "upload_waiting");
  if (upload.state === "preparing") {
    if (upload.remaining_seconds === null) return t("upload_preparing", { percent });
    return t("upload_preparing_left", { percent, time: lengthInWords(upload.remaining_seconds, language) });
  }
  if (upload.state === "quarantined") return t("upload_quarantined", { name: upload.reason ?? "" });
  return t({ checking: "upload_checking", failed: "upload_failed", ready: "upload_ready" }[upload.state]);
}

/** @param {Sent | undefined} sent @param {number} percent @param {string} size @param {Translate} t */
function sendingOf(sent, percent, size, t) {
  if (!sent) return t("upload_unfinished", { percent });
  if (sent.state === "paused") return t("upload_paused", { percent, size });
  return sent.state === "waiting" ? t("upload_line_cut", { percent }) : t("upload_sending", { percent, size });
}

/** Why it failed, or "". @param {Upload} upload @param {Translate} t */
export function reasonOf(upload, t) {
  return upload.state === "failed" ? t(FAILED.get(upload.reason ?? "") ?? "upload_failed_given_up") : "";
}

/** What can be done with it. @param {Upload} upload @param {Sent | undefined} sent @returns {Set<Act>} */
export function actsOf(upload, sent) {
  if (upload.state === "ready") return new Set(["watch"]);
  if (upload.state === "failed") return new Set(["retry", "remove"]);
  if (upload.state !== "uploading") return new Set(["remove"]);
  if (!sent) return new Set(["choose", "remove"]);
  return new Set([sent.state === "paused" ? "resume" : "pause", "remove"]);
}

/** Whether it moves by itself, so that it is worth looking again soon. @param {Upload} upload @param {Sent | undefined} sent */
export function isBusy(upload, sent) {
  return Boolean(sent) || ["waiting", "checking", "preparing"].includes(upload.state);
}
