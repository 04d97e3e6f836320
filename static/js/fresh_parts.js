// Keeps the parts of a page new that are marked `data-fresh`: asks for the page again and puts in what has changed.
import { SteadyPoll } from "./steady_poll.js";
import { drawTimes } from "./times.js";

/** @typedef {Map<string, string>} Parts the parts' ids and what was in them as the server told it */

/** @param {ParentNode} root @returns {Parts} */
export function partsOf(root) {
  return new Map([...root.querySelectorAll("[data-fresh][id]")].map((part) => [part.id, part.innerHTML]));
}

/** Pure: which parts are told otherwise than before. @param {Parts} before @param {Parts} now @returns {string[]} */
export function changedParts(before, now) {
  return [...now].filter(([id, told]) => before.has(id) && before.get(id) !== told).map(([id]) => id);
}

export class FreshParts {
  /** @param {number} everyMs @param {(wrong: boolean) => void} onTrouble */
  constructor(everyMs, onTrouble) {
    this.onTrouble = onTrouble;
    this.told = partsOf(document);
    this.poll = new SteadyPoll(() => this.look(), everyMs);
  }

  start() {
    this.poll.start();
  }

  async look() {
    const page = await this.ask().catch(() => null);
    this.onTrouble(!page);
    if (!page) throw new Error("no answer");
    const now = partsOf(page);
    for (const id of changedParts(this.told, now)) {
      const here = document.getElementById(id);
      const there = page.getElementById(id);
      // What the keyboard is in stays as it is until it has left.
      if (!here || !there || here.contains(document.activeElement)) continue;
      const open = [...here.querySelectorAll("details[open][id]")].map((one) => one.id);
      here.replaceChildren(...there.childNodes);
      for (const one of open) document.getElementById(one)?.setAttribute("open", "");
      drawTimes(here);
      this.told.set(id, now.get(id) ?? "");
    }
  }

  /** @returns {Promise<Document>} */
  async ask() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }
}
