// What the server wrote into the page: data and translated strings, in JSON blocks.

/** @param {string} id @returns {any} the block's value, or {} where the page has none */
export function readJson(id) {
  const block = document.getElementById(id);
  return block ? JSON.parse(block.textContent ?? "{}") : {};
}

/** @type {Record<string, string> | undefined} */
let strings;

/**
 * A translated sentence; `{name}` in it is replaced by `values.name`.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  strings ??= readJson("strings");
  const sentence = strings?.[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {string} selector @param {ParentNode} [root] @returns {any} an element the template always has */
export function need(selector, root = document) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page lacks ${selector}`);
  return element;
}

export const language = () => document.documentElement.lang || "en";
