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
    stage.setAttribute("aria-label", words["video player"]); // it has named itself before it knew our words
    need("video", stage).controls = false;
    root.dataset.controls = "own";
  } catch (error) {
    console.warn("the browser's own controls stay:", error);
    root.dataset.controls = "browser";
  }
  // The template is in the page for this: elements read their words as they are made.
  stage.append(/** @type {HTMLTemplateElement} */ (need("#chrome")).content.cloneNode(true));
}
