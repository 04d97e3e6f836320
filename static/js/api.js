// Calls to Kodo's own JSON API, with the CSRF header and typed errors.
import { noteServerTime } from "./server_clock.js";

export { serverNow } from "./server_clock.js";

/** An answer that is not 2xx (RFC 9457 problem details), or no answer at all (`status` 0). */
export class ApiError extends Error {
  /** @param {number} status @param {string} title @param {string} detail */
  constructor(status, title, detail) {
    super(detail || title || `HTTP ${status}`);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

/** @param {Response} response @returns {Promise<ApiError>} */
export async function problemOf(response) {
  /** @type {any} */
  let problem = {};
  if ((response.headers.get("content-type") ?? "").includes("json")) {
    problem = await response.json().catch(() => ({}));
  }
  return new ApiError(response.status, problem.title ?? response.statusText, problem.detail ?? "");
}

/**
 * An address of the API as seen from this page. The API tells absolute ones with the installation's public name; in a LAN
 * people also come by another name, and the CSP lets a page speak to its own origin only.
 * @param {string} url
 */
export function ownAddress(url) {
  const { pathname, search } = new URL(url, location.href);
  return location.origin + pathname + search;
}

/** What changing requests of this page carry as `X-CSRFToken`. */
export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";

/**
 * @param {string} method @param {string} url @param {unknown} [body]
 * @param {{keepalive?: boolean, timeoutMs?: number, cache?: RequestCache}} [options]
 * @returns {Promise<any>} the parsed answer, null for 204. Throws ApiError.
 */
export async function call(method, url, body, { keepalive = false, timeoutMs = 15000, cache = "no-store" } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const response = await fetch(url, { method, headers, body: payload, keepalive, cache, signal: deadline.signal });
    noteServerTime(response);
    if (!response.ok) throw await problemOf(response);
    return response.status === 204 ? null : await response.json();
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError(0, "", String(error));
  } finally {
    clearTimeout(timer);
  }
}
