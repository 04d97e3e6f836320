// What a publication offers, and the ICE servers it was told. Pure.

/**
 * H.264 first, Main and High before Baseline, then its helpers: the server records H.264 as it comes.
 * @template {{mimeType: string, sdpFmtpLine?: string}} C @param {C[]} codecs @returns {C[]}
 */
export function h264First(codecs) {
  const rank = (/** @type {C} */ codec) => {
    if (codec.mimeType.toLowerCase() !== "video/h264") return /rtx|red|ulpfec|flexfec/i.test(codec.mimeType) ? 1 : 2;
    return /packetization-mode=1/.test(codec.sdpFmtpLine ?? "") ? -1 : 0;
  };
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

/**
 * Of `Link: <stun:host>; rel="ice-server", <turn:…>; rel="ice-server"; username="u"; credential="c"` (RFC 9725 4.6).
 * @param {string} header @returns {RTCIceServer[]}
 */
export function iceServersOf(header) {
  const servers = [];
  for (const [, url, rest] of header.matchAll(/<([^>]+)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]+))*)/g)) {
    const attributes = Object.fromEntries(
      [...rest.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",;\s]+))/g)].map((m) => [m[1], (m[2] ?? m[3]).replace(/\\(.)/g, "$1")]),
    );
    if (attributes.rel !== "ice-server") continue;
    servers.push(attributes.username ? { urls: url, username: attributes.username, credential: attributes.credential ?? "" } : { urls: url });
  }
  return servers;
}
