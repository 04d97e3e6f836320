// /design: colours on their grounds with the contrast as the browser has it, and components that move.
import { contrast } from "./contrast.js";
import { need } from "./page_data.js";
import { attendTabs } from "./tabs.js";
import { toast } from "./toast.js";

for (const pair of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-ground]"))) {
  const { ink, line, ground } = pair.dataset;
  pair.style.backgroundColor = `var(--${ground})`;
  if (ink) pair.style.color = `var(--${ink})`;
  else pair.style.boxShadow = `inset 0 0 0 2px var(--${line})`;
  const style = getComputedStyle(pair);
  const value = (/** @type {string | undefined} */ name) => style.getPropertyValue(`--${name}`);
  const ratio = contrast(value(ink ?? line), value(ground));
  need("[data-contrast]", pair).textContent = ratio.toFixed(1);
  pair.dataset.enough = String(ratio >= (ink ? 4.5 : 3));
}

attendTabs(need("#sample-tabs"));
need("#open-dialog").addEventListener("click", () => need("#sample-dialog").showModal());
need("#show-toast").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  toast(/** @type {HTMLElement} */ (event.currentTarget).dataset.words ?? "");
});
