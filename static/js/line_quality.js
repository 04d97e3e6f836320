// How well the line to the server carries, from getStats. Pure.

/**
 * @typedef {{at: number, bytes: number, kilobits: number, framesPerSecond: number, lost: number, roundTripMs: number,
 *   limited: string, reportStamp: number, reportedAt: number}} LineFigures
 * `lost`: fraction; `reportStamp`: the receiver's last report; `reportedAt`: when it was first seen, ms.
 */

const DEAD_MS = 4000; // the receiver reports every 0.5 to 1.5 s
const DOUBTED_DEAD_MS = 1700;

/**
 * @param {Iterable<[string, any]> | Map<string, any> | RTCStatsReport} report
 * @param {LineFigures | null} before the figures a second ago @param {number} now ms @returns {LineFigures}
 */
export function lineFigures(report, before, now) {
  const all = [.../** @type {Map<string, any>} */ (report).values()];
  const sent = all.filter((s) => s.type === "outbound-rtp");
  const reports = all.filter((s) => s.type === "remote-inbound-rtp");
  const video = sent.find((s) => s.kind === "video");
  const bytes = sent.reduce((sum, s) => sum + (s.bytesSent ?? 0), 0);
  const reportStamp = Math.max(0, ...reports.map((s) => s.timestamp));
  return {
    at: now,
    bytes,
    kilobits: before && now > before.at ? (8 * Math.max(0, bytes - before.bytes)) / (now - before.at) : 0,
    framesPerSecond: video?.framesPerSecond ?? 0,
    lost: Math.max(0, ...reports.map((s) => s.fractionLost ?? 0)),
    roundTripMs: 1000 * Math.max(0, ...reports.map((s) => s.roundTripTime ?? 0)),
    limited: video?.qualityLimitationReason ?? "none",
    reportStamp,
    reportedAt: before && before.reportStamp === reportStamp ? before.reportedAt : now,
  };
}

/** Whether the receiver has fallen silent: it was killed, or the line is cut. @param {LineFigures} figures @param {number} now @param {boolean} doubted */
export function lineIsDead(figures, now, doubted) {
  return figures.reportStamp > 0 && now - figures.reportedAt > (doubted ? DOUBTED_DEAD_MS : DEAD_MS);
}

/** @param {LineFigures} figures @returns {"good" | "fair" | "poor"} */
export function lineQuality({ lost, roundTripMs, limited }) {
  if (lost > 0.08 || roundTripMs > 800) return "poor";
  return lost > 0.02 || roundTripMs > 300 || limited === "bandwidth" ? "fair" : "good";
}
