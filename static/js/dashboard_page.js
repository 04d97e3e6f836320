// The administration's first page: four answers and what stands behind them, kept new.
import { FreshParts } from "./fresh_parts.js";
import { need, t } from "./page_data.js";
import { setText } from "./times.js";

const POLL_MS = 5000;

new FreshParts(POLL_MS, (wrong) => {
  need("#trouble").hidden = !wrong;
  setText(need("#trouble-words"), wrong ? t("no_answer") : "");
}).start();
