// The controls on the picture: media-chrome's elements, with our words. Until they are there the browser's own serve,
// and they go on to serve where ours cannot be had.
import { language, need, readJson } from "./page_data.js";

/** @param {HTMLElement} root @returns {Promise<void>} when the controls are on the picture */
export async function putControlsOn(root) {
  const words = readJson("chrome-strings");
  const stage = need("#stage", root);
  try {
    const chrome = await import("../vendor/media-chrome-4.19.4/media-chrome.min.mjs");
    chrome.addTranslation(language(), words);
    chrome.setLanguage(language());
    await nextTask();
    stage.setAttribute("aria-label", words["video player"]); // it has named itself before it knew our words
    need("video", stage).controls = false;
    root.dataset.controls = "own";
  } catch (error) {
    console.warn("the browser's own controls stay:", error);
    root.dataset.controls = "browser";
  }
  await putInPieces(/** @type {HTMLTemplateElement} */ (need("#chrome")).content, stage);
}

/**
 * The template is in the page for this: elements read their words as they are made. Each is made in a task of its own,
 * for all at once held up a phone for half a second; they are seen when all are there.
 * @param {DocumentFragment} content @param {HTMLElement} stage
 */
async function putInPieces(content, stage) {
  const controls = /** @type {HTMLElement} */ (need(".controls", content).cloneNode());
  controls.style.visibility = "hidden";
  stage.append(controls);
  for (const row of need(".controls", content).children) {
    const shell = controls.appendChild(/** @type {Element} */ (row.cloneNode()));
    for (const piece of row.children) {
      await nextTask();
      shell.append(document.importNode(piece, true));
    }
  }
  controls.style.visibility = "";
}

/** @returns {Promise<void>} when the browser has had time for what else there is */
function nextTask() {
  return new Promise((resolve) => { setTimeout(resolve); });
}
