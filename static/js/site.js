// What every page does: times told relative to now, in the reader's zone; the language chosen at once.
import { ago, clockTime } from "./figures.js";
import { language } from "./page_data.js";
import { serverNow } from "./server_clock.js";

for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-ago]"))) {
  const at = new Date(time.dateTime);
  time.title = new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "short" }).format(at);
  const draw = () => { time.textContent = ago((serverNow() - at.getTime()) / 1000, language()); };
  draw();
  setInterval(draw, 30000);
}

for (const length of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-seconds]"))) {
  length.textContent = clockTime(Number(length.dataset.seconds));
}
