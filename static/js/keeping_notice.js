// What viewers are told of what becomes of the recording. Loaded when it changes; the page itself says it at first.
import { need, t } from "./page_data.js";
import { setText } from "./times.js";

/** @param {{kept: string, days: number}} keeping as the API or the feed tell it */
export function tellKeeping({ kept, days }) {
  const words = { published: t("kept_published"), held: t("kept_held", { days }), none: t("kept_none") };
  const place = need("#keeping");
  place.dataset.kept = kept;
  place.hidden = !(kept in words);
  setText(need("#keeping-words"), words[/** @type {keyof typeof words} */ (kept)] ?? "");
}
