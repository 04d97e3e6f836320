// The library: filters that ask at once, how far MP4s are, and back out of the trash.
import { ApiError, call } from "./api.js";
import { need, readJson, t } from "./page_data.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";

const LOOK_MS = 5000;
const UNDO_MS = 10000;
const THROWN = "#thrown="; // what the form of a recording leaves in the address when it was thrown away

const data = readJson("page"); // {api, rooms_api, library, uploads: {api, told, max_bytes} | null}
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#filters"));

for (const choice of form?.querySelectorAll("select") ?? []) choice.addEventListener("change", () => form?.requestSubmit());
// What is not chosen has no place in the address.
form?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value || (name === "sort" && value === "newest")) event.formData.delete(name);
});

/** @param {unknown} error */
function trouble(error) {
  need("#trouble").hidden = false;
  setText(need("#trouble-words"), error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved"));
}

/** @param {string} id @param {string} [api] of recordings, or of rooms */
async function restore(id, api = data.api) {
  try {
    await call("POST", `${api}/${encodeURIComponent(id)}/restore`);
    return true;
  } catch (error) {
    trouble(error);
    return false;
  }
}

/** @param {HTMLElement} card @param {HTMLButtonElement} button */
async function putBack(card, button) {
  button.disabled = true;
  const isRoom = button.dataset.act === "restore-room";
  if (await restore(card.dataset.id ?? "", isRoom ? data.rooms_api : data.api)) {
    card.remove();
    toast(t(isRoom ? "room_restored" : "restored"));
    need("#content").focus();
  }
  button.disabled = false;
}

/** @param {HTMLElement} card @param {HTMLButtonElement} button */
async function makeAgain(card, button) {
  button.disabled = true;
  try {
    await call("POST", `${data.api}/${encodeURIComponent(card.dataset.id ?? "")}/mp4`);
    location.reload();
  } catch (error) {
    trouble(error);
    button.disabled = false;
  }
}

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-act]"))) {
  const card = /** @type {HTMLElement} */ (button.closest("[data-id]"));
  button.addEventListener("click", () => void (button.dataset.act !== "mp4" ? putBack(card, button) : makeAgain(card, button)));
}

/** Only of those that are being made, each asked for by itself. */
async function look() {
  const making = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-mp4="waiting"], [data-mp4="running"]'));
  for (const card of document.hidden ? [] : making) {
    try {
      draw(card, await call("GET", `${data.api}/${encodeURIComponent(card.dataset.id ?? "")}`));
    } catch {
      break; // later
    }
  }
  if (making.length) setTimeout(look, LOOK_MS);
}

/** @param {HTMLElement} card @param {any} told */
function draw(card, told) {
  card.dataset.mp4 = told.mp4_state ?? "";
  const pill = need("[data-mp4-words]", card);
  pill.hidden = !["waiting", "running"].includes(told.mp4_state);
  const words = told.mp4_state === "running" ? t("mp4_running", { percent: Math.round(100 * (told.mp4_progress ?? 0)) }) : t("mp4_waiting");
  setText(need("span", pill), words);
}

function offerUndo() {
  if (!location.hash.startsWith(THROWN)) return;
  const id = decodeURIComponent(location.hash.slice(THROWN.length));
  history.replaceState(null, "", location.pathname + location.search);
  toast(t("thrown"), UNDO_MS, { words: t("undo"), act: async () => { if (await restore(id)) location.reload(); } });
}

offerUndo();
setTimeout(look, LOOK_MS);
