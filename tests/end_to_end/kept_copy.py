"""The safety copies in a page's browser storage: what is there, and one that an earlier tab left."""

from __future__ import annotations

from playwright.sync_api import Page

_STORED = """async () => {
  const storage = await navigator.storage.getDirectory();
  const root = await storage.getDirectoryHandle("safety-copy", {create: true});
  const found = {};
  for await (const folder of root.values()) {
    for await (const file of folder.values()) {
      if (file.name.endsWith(".media")) found[file.name] = (await file.getFile()).size;
    }
  }
  return found;
}"""
_LEAVE = """async ([facts, bytes]) => {
  const storage = await navigator.storage.getDirectory();
  const root = await storage.getDirectoryHandle("safety-copy", {create: true});
  const folder = await root.getDirectoryHandle(facts.session, {create: true});
  const files = {media: new Uint8Array(bytes), facts: JSON.stringify(facts) + "\\n"};
  for (const [ending, content] of Object.entries(files)) {
    const file = await folder.getFileHandle(`${facts.id}.${ending}`, {create: true});
    const writable = await file.createWritable();
    await writable.write(content);
    await writable.close();
  }
}"""


def stored(page: Page) -> dict[str, int]:
    """Bytes of each piece, by the name of its file."""
    found: dict[str, int] = page.evaluate(_STORED)
    return found


def leave(page: Page, name: str, room: str, session: str, *, began_at: float = 1.0, size: int = 1) -> None:
    """A piece of a minute, `size` bytes of nothing, in `<name>.media`."""
    facts = {"id": name, "session": session, "room": room, "mime": "video/webm;codecs=h264,opus"}
    page.evaluate(_LEAVE, [facts | {"began_at": began_at, "seconds": 60.0}, size])
