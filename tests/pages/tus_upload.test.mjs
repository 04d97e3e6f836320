import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../static/js/api.js";
import { TusUpload } from "../../static/js/tus_upload.js";

const PIECE = 8 << 20;

/** A server with one upload; `trouble` is thrown, one for each piece that is sent. */
class Server {
  received = 0;
  created = 0;
  trouble = [];
  removed = [];
  waits = [];
  memory = new Map();
  held = null;

  means() {
    return {
      create: async () => { this.created += 1; if (this.refusal) throw this.refusal; return "/up/1"; },
      head: async () => { if (this.gone) throw new ApiError(404, "", ""); return this.received; },
      patch: async (url, offset, piece, told, signal) => {
        if (this.held) await new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(new ApiError(0, "", "stopped")));
          this.held();
        });
        const trouble = this.trouble.shift();
        if (trouble) { this.received += trouble.kept ?? 0; throw trouble; }
        assert.equal(offset, this.received);
        told(Math.floor(piece.size / 2));
        this.received += piece.size;
        return this.received;
      },
      remove: async (url) => { this.removed.push(url); },
      wait: async (ms) => { this.waits.push(ms); },
      memory: {
        getItem: (key) => this.memory.get(key) ?? null,
        setItem: (key, value) => this.memory.set(key, value),
        removeItem: (key) => this.memory.delete(key),
      },
    };
  }
}

const film = (size) => new File([new Uint8Array(size)], "講義.mp4", { lastModified: 7 });
const end = (upload) => new Promise((resolve) => {
  upload.addEventListener("done", () => resolve("done"));
  upload.addEventListener("failed", (event) => resolve(event.detail.status));
});

test("a film goes in pieces, and its progress is told", async () => {
  const server = new Server();
  const upload = new TusUpload("/media", film(2 * PIECE + 5), { means: server.means() });
  const told = [];
  upload.addEventListener("change", () => told.push(upload.offset));
  upload.start();
  assert.equal(await end(upload), "done");
  assert.equal(server.received, 2 * PIECE + 5);
  assert.ok(told.includes(PIECE / 2) && told.includes(PIECE + PIECE / 2));
  assert.equal(server.memory.size, 0);
});

test("after a cut line it goes on from where the server stands", async () => {
  const server = new Server();
  const cut = Object.assign(new ApiError(0, "", "cut"), { kept: 1000 });
  server.trouble = [cut, new ApiError(423, "", "locked"), new ApiError(409, "", "offset"), new ApiError(503, "", "")];
  const upload = new TusUpload("/media", film(PIECE), { means: server.means() });
  upload.start();
  assert.equal(await end(upload), "done");
  assert.equal(server.received, PIECE);
  assert.equal(server.created, 1);
  assert.equal(server.waits.length, 4);
  assert.ok(server.waits[3] > server.waits[0]);
});

test("another page goes on with the same file, and begins anew where the server has forgotten", async () => {
  const server = new Server();
  const first = new TusUpload("/media", film(PIECE), { means: server.means() });
  server.memory.set(first.key, "/up/1");
  server.received = 4096;
  const second = new TusUpload("/media", film(PIECE), { means: server.means() });
  second.start();
  assert.equal(await end(second), "done");
  assert.equal(server.created, 0);
  server.gone = true;
  server.received = 0;
  server.memory.set(first.key, "/up/old");
  const third = new TusUpload("/media", film(10), { means: server.means() });
  third.start();
  assert.equal(await end(third), "done");
  assert.equal(server.created, 1);
});

test("what the server does not take fails with its word", async () => {
  const server = new Server();
  server.refusal = new ApiError(409, "Too many films", "Delete some first.");
  const upload = new TusUpload("/media", film(10), { means: server.means() });
  upload.start();
  assert.equal(await end(upload), 409);
  assert.equal(upload.state, "failed");
  const full = new Server();
  full.trouble = [new ApiError(507, "", "")];
  const other = new TusUpload("/media", film(10), { means: full.means() });
  other.start();
  assert.equal(await end(other), 507);
});

test("paused it sends nothing, resumed it goes on, cancelled it is gone", async () => {
  const server = new Server();
  const upload = new TusUpload("/media", film(PIECE), { means: server.means() });
  await new Promise((sending) => { server.held = sending; upload.start(); });
  upload.pause();
  assert.equal(upload.state, "paused");
  server.held = null;
  server.received = 512;
  upload.start();
  assert.equal(await end(upload), "done");
  const again = new TusUpload("/media", film(PIECE), { means: server.means() });
  await new Promise((sending) => { server.held = sending; server.received = 0; again.start(); });
  await again.cancel();
  assert.deepEqual([again.state, server.removed, server.memory.size], ["cancelled", ["/up/1"], 0]);
});
