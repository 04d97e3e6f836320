// The worker that keeps safety copies: one wish after the other, each answered. Ends with its page.
// In: {number, method, args} of CopyFolder. Out: {number, value} or {number, error: {name, message}}.
import { CopyFolder } from "./copy_folder.js";

const folder = new CopyFolder();
let last = Promise.resolve();

/** @param {{number: number, method: string, args: any[]}} wish */
async function fulfil({ number, method, args }) {
  try {
    postMessage({ number, value: await /** @type {any} */ (folder)[method](...args) });
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    postMessage({ number, error: { name, message } });
  }
}

addEventListener("message", ({ data }) => { last = last.then(() => fulfil(data)); });
