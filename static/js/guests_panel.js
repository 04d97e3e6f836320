// Who is invited into a room, and the links that open it, in the room's settings. Owns both panels, and needs nothing else of the page.
import { ApiError, call } from "./api.js";
import { language, need, translator } from "./page_data.js";
import { serverNow } from "./server_clock.js";
import { copyText, toast } from "./toast.js";

/** @typedef {{id: string, label: string, url: string | null, expires_at: string, revoked_at: string | null, counts: boolean}} Link */

const A_WEEK_MS = 7 * 86400000;
const A_YEAR_MS = 365 * 86400000;

const t = translator("guests-strings");
const root = need("#guests");
const api = root.dataset.api ?? "";
const end = /** @type {HTMLInputElement} */ (need("#link-end"));

/** @param {unknown} error */
const wordsFor = (error) => (error instanceof ApiError && error.status && error.detail ? error.detail : t("not_saved"));

/** @param {string} id @param {string} words "" when it is good again */
function problem(id, words) {
  need(`#${id}`).hidden = !words;
  need(`#${id}-words`).textContent = words;
}

/** @param {string} id @returns {HTMLElement} */
const newLine = (id) => /** @type {HTMLElement} */ (need(`#${id}`).content.firstElementChild.cloneNode(true));

/** @param {string} question @param {string} act @param {() => Promise<void>} then */
function ask(question, act, then) {
  const dialog = /** @type {HTMLDialogElement} */ (need("#guest-dialog"));
  need("#guest-words").textContent = question;
  need("#guest-act").textContent = act;
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") void then(); }, { once: true });
}

/** @param {{invited: string[]}} answer */
function drawInvited({ invited }) {
  need("#invited").replaceChildren(...invited.map(invitedLine));
  need("#invited-count").textContent = t("count", { count: invited.length });
  need("#invited-list").hidden = invited.length === 0;
}

/** @param {string} name */
function invitedLine(name) {
  const line = newLine("invited-line");
  need("span", line).textContent = name;
  const button = need('[data-act="uninvite"]', line);
  button.setAttribute("aria-label", `${t("uninvite")}: ${name}`);
  button.onclick = () => ask(t("uninvite_question", { name }), t("uninvite"), () => uninvite(name));
  return line;
}

/** @param {string} name */
async function uninvite(name) {
  try {
    const answer = await call("DELETE", `${api}/invited`, { names: [name] });
    drawInvited(answer);
    problem("guests-problem", "");
    toast(t("uninvited_now", { count: answer.removed }));
  } catch (error) {
    problem("guests-problem", wordsFor(error));
  }
}

need("#invite-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const field = /** @type {HTMLTextAreaElement} */ (need("#invite-text"));
  try {
    const answer = await call("POST", `${api}/invited`, { text: field.value });
    drawInvited(answer);
    field.value = answer.unfit.join("\n");
    problem("guests-problem", answer.unfit.length ? t("unfit", { names: answer.unfit.join(", ") }) : "");
    toast(t("invited_now", { count: answer.added }));
  } catch (error) {
    problem("guests-problem", wordsFor(error));
  }
});

/** @param {Link[]} links */
function drawLinks(links) {
  need("#link-list").replaceChildren(...links.map(linkLine));
  need("#link-list").hidden = links.length === 0;
  need("#no-links").hidden = links.length !== 0;
}

/** @param {Link} link */
function linkLine(link) {
  const line = newLine("link-line");
  line.dataset.id = link.id;
  line.dataset.url = link.url ?? "";
  need("strong", line).textContent = link.label;
  const date = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(link.expires_at));
  need('[data-field="state"]', line).textContent = link.counts ? t("ends", { date }) : link.revoked_at ? t("taken_back") : t("over");
  const [copy, revoke] = [need('[data-act="copy"]', line), need('[data-act="revoke"]', line)];
  copy.hidden = revoke.hidden = !link.counts;
  copy.setAttribute("aria-label", t("copy_link", link));
  revoke.setAttribute("aria-label", `${t("revoke")}: ${link.label}`);
  copy.onclick = async () => { if (await copyText(link.url ?? "")) toast(t("copied")); };
  revoke.onclick = () => ask(t("revoke_link_question", link), t("revoke"), () => takeBack(link));
  return line;
}

/** @param {Link} link */
async function takeBack(link) {
  try {
    await call("DELETE", `${api}/links/${encodeURIComponent(link.id)}`);
    toast(t("link_revoked"));
  } catch (error) {
    problem("links-problem", wordsFor(error));
    return;
  }
  await look();
}

need("#link-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const label = /** @type {HTMLInputElement} */ (need("#link-label"));
  try {
    await call("POST", `${api}/links`, { label: label.value.trim(), expires_at: new Date(end.value).toISOString() });
    label.value = "";
    await look();
  } catch (error) {
    problem("links-problem", wordsFor(error));
  }
});

/** As an input of local times wants it. @param {number} ms */
function localTime(ms) {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

async function look() {
  try {
    drawInvited(await call("GET", `${api}/invited`));
    drawLinks((await call("GET", `${api}/links`)).links);
    problem("links-problem", "");
  } catch (error) {
    problem("links-problem", wordsFor(error));
  }
  root.dataset.ready = "yes";
}

end.value = localTime(serverNow() + A_WEEK_MS);
end.min = localTime(serverNow());
end.max = localTime(serverNow() + A_YEAR_MS);
void look();
