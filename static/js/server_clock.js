// The server's wall clock. The reader's own may be wrong by an hour; what the page tells of times may not be.

const pageTold = Date.parse(globalThis.document?.querySelector('meta[name="server-time"]')?.getAttribute("content") ?? "");
const pageAsked = Date.now() - performance.now();

/** Server's clock minus this machine's, in milliseconds. */
let offset = Number.isNaN(pageTold) ? 0 : steady(pageTold - pageAsked);

/** @returns {number} ms since 1970, good to about two seconds */
export const serverNow = () => Date.now() + offset;

/** @param {Response} response its Date header is the newest word */
export function noteServerTime(response) {
  const told = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(told)) offset = steady(told - Date.now());
}

/** A page takes a moment to come, and the header has whole seconds: a small difference is no news. @param {number} ms */
function steady(ms) { return Math.abs(ms) > 3000 ? ms : 0; }
