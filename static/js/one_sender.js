// Of the tabs of this browser only one sends to a room: whoever begins says so, and the others stop. Without it two would cut each other off for ever.

const ANSWER_MS = 150;

/** Event: `taken` (another tab sends now). */
export class OneSender extends EventTarget {
  #channel;
  #sending = false;
  #others = false;

  /** @param {string} room anything that names it */
  constructor(room) {
    super();
    this.#channel = new BroadcastChannel(`kodo-studio ${room}`);
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
  }

  /** This tab sends from now on. */
  claim() {
    this.#sending = true;
    this.#channel.postMessage("mine");
  }

  release() { this.#sending = false; }

  /** Whether another tab sends: a duplicated tab remembers what its original does, and must not take it away. */
  async taken() {
    this.#others = false;
    this.#channel.postMessage("who");
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    return this.#others;
  }

  /** @param {string} word */
  #hear(word) {
    if (word === "who" && this.#sending) this.#channel.postMessage("me");
    if (word === "me") this.#others = true;
    if (word === "mine" && this.#sending) {
      this.#sending = false;
      this.dispatchEvent(new Event("taken"));
    }
  }
}
