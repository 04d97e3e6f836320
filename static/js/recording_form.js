// What is said of one recording: saved, thrown away, restored.
import { ApiError, call } from "./api.js";
import { language, need, readJson, t } from "./page_data.js";
import { setText } from "./times.js";
import { toast } from "./toast.js";

const data = readJson("page"); // {api, library, replace, recording}
const form = /** @type {HTMLFormElement} */ (need("#recording-form"));
const moments = /** @type {HTMLInputElement[]} */ ([need("#publish-at"), need("#expires-at")]);

/** @param {unknown} error null: none */
function problem(error) {
  const words = error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved");
  need("#problem").hidden = error === null;
  setText(need("#problem-words"), error === null ? "" : words);
  if (error !== null) need("#problem").scrollIntoView({ block: "nearest" });
}

/** As `datetime-local` wants it, in the reader's zone. @param {string | undefined} iso */
function localTime(iso) {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/** One that was not touched stays as it was, with its seconds. @param {HTMLInputElement} field @returns {string | null} */
function momentOf(field) {
  if (!field.value) return null;
  return field.value === localTime(field.dataset.moment) ? field.dataset.moment ?? null : new Date(field.value).toISOString();
}

/** Words belong to the series that was saved: those of another one are not known here. */
function drawGlossary() {
  const field = need("#glossary");
  field.disabled = !field.dataset.series || need("#series").value.trim() !== field.dataset.series;
}

/** @param {string} list parted by commas */
const parts = (list) => list.split(/[,、，]/).map((part) => part.trim()).filter(Boolean);

function words() {
  const given = new FormData(form);
  const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
  return {
    title: text("title"), description: String(given.get("description") ?? ""), lecturer: text("lecturer"), visibility: text("visibility"),
    series: text("series") || null, language: text("language") || null, license: text("license") || null,
    tags: parts(text("tags")), ...(given.has("glossary") ? { glossary: parts(text("glossary")) } : {}),
    downloads: given.has("downloads"),
    publish_at: momentOf(moments[0]), expires_at: momentOf(moments[1]),
  };
}

/** @param {any} told */
function draw(told) {
  need("#title").value = told.title;
  need("#tags").value = told.tags.join(", ");
  need("#glossary").value = told.glossary.join(", ");
  need("#glossary").dataset.series = told.series ?? "";
  drawGlossary();
  for (const [field, moment] of /** @type {[HTMLInputElement, string | null][]} */ ([[moments[0], told.publish_at], [moments[1], told.expires_at]])) {
    field.dataset.moment = moment ?? "";
    field.value = localTime(moment ?? "");
  }
}

/** @param {() => Promise<void>} act what may go wrong is told above the form */
async function attempt(act) {
  form.setAttribute("aria-busy", "true");
  try {
    await act();
    problem(null);
  } catch (error) {
    problem(error);
  }
  form.removeAttribute("aria-busy");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    draw(await call("PATCH", data.api, words()));
    toast(t("saved"));
  });
});

need("#throw-away").addEventListener("click", () => void attempt(async () => {
  await call("DELETE", data.api);
  location.href = `${data.library}#thrown=${encodeURIComponent(data.api.split("/").pop())}`;
}));

need("#restore").addEventListener("click", () => void attempt(async () => {
  await call("POST", `${data.api}/restore`);
  need("#thrown").hidden = true;
  need("#throw-away").hidden = false;
  toast(t("restored"));
}));

document.querySelector("#cuts-open")?.addEventListener("click", () => void attempt(async () => {
  const [told, { CutEditor }] = await Promise.all([call("GET", `${data.api}/edit`), import("./cut_editor.js")]);
  need("#cut-panel").hidden = false;
  need("#cuts-open").hidden = true;
  new CutEditor(`${data.api}/edit`, told);
  need("#cut-video").focus();
}));

document.querySelector("#mp4-again")?.addEventListener("click", () => void attempt(async () => {
  await call("POST", `${data.api}/mp4`);
  need("#mp4-failed").hidden = true;
  toast(t("mp4_again"));
}));

document.querySelector("#bring-home")?.addEventListener("click", () => void attempt(async () => {
  await call("POST", `${data.api}/home`);
  need("#bring-home").hidden = true;
  toast(t("comes_home"));
}));

need("#series").addEventListener("input", drawGlossary);
drawGlossary();
for (const field of moments) field.value = localTime(field.dataset.moment);
const held = need("time[data-moment]");
held.textContent = new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "short" }).format(new Date(held.dateTime));
setText(need("#zone"), t("zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone }));
if (data.replace) void import("./replace_file.js");
