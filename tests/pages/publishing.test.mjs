import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../../static/js/backoff.js";
import { ago, byteSize, clockTime } from "../../static/js/figures.js";
import { loudness } from "../../static/js/level_meter.js";
import { lineFigures, lineIsDead, lineQuality } from "../../static/js/line_quality.js";
import { h264First, iceServersOf } from "../../static/js/sdp_choices.js";

test("H.264 is offered first, retransmission before other codecs", () => {
  const codecs = ["video/VP8", "video/rtx", "video/H264", "video/AV1"].map((mimeType) => ({ mimeType }));
  codecs.push({ mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=42e01f" });
  const names = h264First(codecs).map((c) => c.mimeType);
  assert.deepEqual(names, ["video/H264", "video/H264", "video/rtx", "video/VP8", "video/AV1"]);
  assert.match(h264First(codecs)[0].sdpFmtpLine, /mode=1/);
});

test("ICE servers of Link headers", () => {
  const header = '<stun:stun.example:3478>; rel="ice-server", <turn:t.example?transport=udp>; rel="ice-server"; username="u"; credential="a, \\"b"; credential-type="password", <https://x.example>; rel="help"';
  assert.deepEqual(iceServersOf(header), [
    { urls: "stun:stun.example:3478" },
    { urls: "turn:t.example?transport=udp", username: "u", credential: 'a, "b' },
  ]);
  assert.deepEqual(iceServersOf(""), []);
});

const report = (bytes, stamp, lost = 0) => new Map([
  ["v", { type: "outbound-rtp", kind: "video", bytesSent: bytes, framesPerSecond: 30, qualityLimitationReason: "none" }],
  ["r", { type: "remote-inbound-rtp", timestamp: stamp, fractionLost: lost, roundTripTime: 0.02 }],
]);

test("the line's figures by the second", () => {
  const first = lineFigures(report(0, 5), null, 1000);
  const second = lineFigures(report(250_000, 6), first, 2000);
  assert.equal(second.kilobits, 2000);
  assert.equal(lineQuality(second), "good");
  assert.equal(lineQuality(lineFigures(report(0, 7, 0.05), second, 3000)), "fair");
  assert.equal(lineQuality(lineFigures(report(0, 7, 0.2), second, 3000)), "poor");
});

test("a receiver that reports no more is dead, sooner when it is doubted", () => {
  let figures = lineFigures(report(0, 5), null, 1000);
  figures = lineFigures(report(9, 5), figures, 3000);
  assert.ok(!lineIsDead(figures, 3000, false));
  assert.ok(lineIsDead(figures, 3000, true));
  assert.ok(lineIsDead(figures, 5100, false));
  assert.ok(!lineIsDead(lineFigures(report(9, 6), figures, 5100), 5100, false));
  assert.ok(!lineIsDead(lineFigures(new Map(), null, 0), 99_999, true), "before the first report nothing is known");
});

test("waits double and are bounded", () => {
  const middle = { random: () => 0.5 };
  assert.deepEqual([1, 2, 3, 4, 5, 500].map((n) => backoffMs(n, middle)), [300, 600, 1200, 2400, 3000, 3000]);
});

test("figures as people read them", () => {
  assert.deepEqual([0, 59.9, 60, 3661].map(clockTime), ["0:00", "0:59", "1:00", "1:01:01"]);
  assert.deepEqual([0, 999, 1500, 12_345_678].map((n) => byteSize(n, "en")), ["0 B", "999 B", "2 kB", "12.3 MB"]);
  assert.equal(ago(7200, "en"), "2 hours ago");
  assert.equal(ago(20, "en"), "now");
});

test("loudness in decibels", () => {
  assert.equal(loudness(new Float32Array(64)), 0);
  assert.equal(loudness(new Float32Array(64).fill(1)), 1);
  assert.ok(Math.abs(loudness(new Float32Array(64).fill(0.1)) - 2 / 3) < 0.01);
});
