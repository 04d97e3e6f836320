// What the server wrote into the page: data and translated strings, in JSON blocks.

/** @param {string} id @returns {any} the block's value, or {} where the page has none */
export function readJson(id) {
  const block = document.getElementById(id);
  return block ? JSON.parse(block.textContent ?? "{}") : {};
}

/** @typedef {(key: string, values?: Record<string, string | number>) => string} Translate */

/**
 * The sentences of one block; `{name}` in a sentence is replaced by `values.name`.
 * @param {string} id @returns {Translate}
 */
export function translator(id) {
  /** @type {Record<string, string> | undefined} */
  let strings;
  return (key, values = {}) => {
    strings ??= readJson(id);
    const sentence = strings?.[key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}

/** A translated sentence of the page. */
export const t = translator("strings");

/** @param {string} selector @param {ParentNode} [root] @returns {any} an element the template always has */
export function need(selector, root = document) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page lacks ${selector}`);
  return element;
}

export const language = () => document.documentElement.lang || "en";
