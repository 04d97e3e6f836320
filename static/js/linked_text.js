// Plain text that people wrote, with its web addresses as links. Nothing in it is ever read as markup.

const ADDRESS = /https?:\/\/[^\s<>"'“”‘’「」『』（）【】、。，；]+/gi;
const AFTER = ".,:;!?)]}*_~"; // at the end: of the sentence rather than of the address

/**
 * Pure. The pieces in order: joined, they are the text.
 * @param {string} text @returns {{text: string, href: string | null}[]}
 */
export function piecesOf(text) {
  const pieces = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!isAddress(address)) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), href: null });
    pieces.push({ text: address, href: address });
    from = match.index + address.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: null });
  return pieces;
}

/** A bracket that was opened inside belongs to the address. @param {string} address */
function trimmed(address) {
  let end = address.length;
  while (AFTER.includes(address[end - 1] ?? " ")) end -= 1;
  const bracket = address[end] === ")" && address.slice(0, end).includes("(");
  return address.slice(0, bracket ? end + 1 : end);
}

/** @param {string} address @returns {boolean} */
function isAddress(address) {
  try {
    const { protocol, username, hostname } = new URL(address);
    return ["http:", "https:"].includes(protocol) && !username && hostname !== ""; // user:password@ hides where it leads
  } catch {
    return false;
  }
}

/** Only what changed is written. @param {HTMLElement} element hidden where there is nothing @param {string} text */
export function showText(element, text) {
  element.hidden = !text;
  if (element.textContent === text) return;
  element.replaceChildren(...piecesOf(text).map((piece) => (piece.href ? link(piece.href) : piece.text)));
}

/** @param {string} href */
function link(href) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.textContent = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow ugc";
  return anchor;
}
