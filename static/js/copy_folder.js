// The safety copies of this browser in its own storage (OPFS), one folder for each session. Used by copy_worker.js alone:
// only workers have handles that write at once. Each piece is `<id>.media`, which grows, and `<id>.facts`, lines of JSON of
// which later ones add to earlier ones: whenever the tab is killed, what was flushed is whole.
import { factsOf, limitOf, lockName, nextToGo } from "./copy_choice.js";

/** @typedef {import("./copy_choice.js").Piece} Piece */
/** @typedef {{session: string, media: any, facts: any}} Growing two sync access handles */

const FOLDER = "safety-copy";
const UNKNOWN_QUOTA = 4e9;

/** Nothing can be written any more, and nothing may go. */
export class NoSpace extends Error {
  name = "NoSpace";
}

export class CopyFolder {
  /** @type {Map<string, Growing>} */ #growing = new Map();
  #limit = 0;
  #used = 0;

  /** A new piece. Throws NoSpace. @param {Omit<Piece, "bytes" | "upload">} facts */
  async open(facts) {
    const { quota } = await navigator.storage.estimate();
    this.#limit = limitOf(quota ?? UNKNOWN_QUOTA);
    this.#used = (await this.list()).reduce((sum, piece) => sum + piece.bytes, 0);
    const folder = await this.#folderOf(facts.session, true);
    const [media, told] = await Promise.all([`${facts.id}.media`, `${facts.id}.facts`].map((name) => syncHandle(folder, name)));
    this.#growing.set(facts.id, { session: facts.session, media, facts: told });
    await this.note(facts.id, facts);
  }

  /**
   * More of a piece; it is on the disk when this returns. Throws NoSpace.
   * @param {string} id @param {Blob} blob @param {number} seconds of the piece with it
   */
  async write(id, blob, seconds) {
    const growing = /** @type {Growing} */ (this.#growing.get(id));
    const bytes = new Uint8Array(await blob.arrayBuffer());
    await this.#append(growing, growing.media, bytes);
    await this.note(id, { seconds });
  }

  /** @param {string} id @param {Partial<Piece>} more to be remembered of a piece */
  async note(id, more) {
    const growing = this.#growing.get(id);
    if (growing) { await this.#append(growing, growing.facts, line(more)); return; }
    const piece = (await this.list()).find((one) => one.id === id);
    if (!piece) return;
    const handle = await syncHandle(await this.#folderOf(piece.session), `${id}.facts`);
    handle.write(line(more), { at: handle.getSize() });
    handle.close();
  }

  /** The piece grows no more. @param {string} id */
  async close(id) {
    const growing = this.#growing.get(id);
    this.#growing.delete(id);
    growing?.media.close();
    growing?.facts.close();
  }

  /** All pieces that have something in them. @returns {Promise<Piece[]>} */
  async list() {
    const found = [];
    for await (const folder of (await root()).values()) {
      for await (const entry of folder.values()) {
        if (entry.name.endsWith(".facts")) found.push(await pieceOf(folder, entry));
      }
    }
    return found.filter((piece) => piece !== null);
  }

  /** @param {Piece} piece @returns {Promise<File>} what there is of it */
  async file({ session, id }) {
    return (await (await this.#folderOf(session)).getFileHandle(`${id}.media`)).getFile();
  }

  /** All of a session; the caller holds its lock. @param {string} session */
  async remove(session) {
    const all = await root();
    for await (const name of all.keys()) if (name === session) await all.removeEntry(name, { recursive: true });
  }

  /** @param {Growing} growing @param {any} handle one of its two @param {Uint8Array} bytes */
  async #append(growing, handle, bytes) {
    for (;;) {
      await this.#makeRoom(bytes.length, growing.session);
      const at = handle.getSize();
      if (written(handle, bytes, at)) break;
      handle.truncate(at);
      this.#limit = Math.min(this.#limit, this.#used); // the disk gives less than the browser said
    }
    handle.flush();
    this.#used += bytes.length;
  }

  /** @param {number} more bytes @param {string} session */
  async #makeRoom(more, session) {
    const held = new Set();
    while (this.#used + more > this.#limit) {
      const piece = nextToGo(await this.list(), { session, kept: new Set(this.#growing.keys()), held });
      if (!piece) throw new NoSpace("no space for a safety copy");
      if (await this.#drop(piece, piece.session === session)) this.#used -= piece.bytes;
      else held.add(piece.session);
    }
  }

  /** @param {Piece} piece @param {boolean} own its session's lock is this tab's @returns {Promise<boolean>} false: another tab works with it */
  async #drop(piece, own) {
    const drop = async () => {
      const folder = await this.#folderOf(piece.session);
      await folder.removeEntry(`${piece.id}.media`);
      await folder.removeEntry(`${piece.id}.facts`);
      return true;
    };
    try {
      if (own) return await drop();
      return await navigator.locks.request(lockName(piece.session), { ifAvailable: true }, async (lock) => lock !== null && drop());
    } catch (error) {
      console.info("a piece of a safety copy stays:", String(error)); // another tab writes it
      return false;
    }
  }

  /** @param {string} session @param {boolean} [create] */
  async #folderOf(session, create = false) {
    return (await root()).getDirectoryHandle(session, { create });
  }
}

/** @returns {Promise<any>} the folder of all copies */
const root = async () => (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });

/** @param {any} folder @param {string} name @returns {Promise<any>} */
const syncHandle = async (folder, name) => (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();

/** @param {Partial<Piece>} facts */
const line = (facts) => new TextEncoder().encode(`${JSON.stringify(facts)}\n`);

/** @param {any} handle @param {Uint8Array} bytes @param {number} at @returns {boolean} false: there is no space for them */
function written(handle, bytes, at) {
  try {
    return handle.write(bytes, { at }) === bytes.length;
  } catch (error) {
    if (error instanceof DOMException && error.name === "QuotaExceededError") return false;
    throw error;
  }
}

/** @param {any} folder @param {any} entry its facts @returns {Promise<Piece | null>} null: nothing whole was written yet */
async function pieceOf(folder, entry) {
  try {
    const media = await (await folder.getFileHandle(entry.name.replace(".facts", ".media"))).getFile();
    const facts = factsOf(await (await entry.getFile()).text());
    return media.size && facts.id ? /** @type {Piece} */ ({ upload: null, ...facts, bytes: media.size }) : null;
  } catch (error) {
    console.info("a piece of a safety copy is not to be read:", String(error));
    return null;
  }
}
