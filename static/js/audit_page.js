// The audit log: times in the reader's zone, a filter that asks at once.
import { language, need } from "./page_data.js";
import { setText } from "./times.js";

const form = /** @type {HTMLFormElement} */ (need("#asked"));
const zone = /** @type {HTMLInputElement} */ (need("#zone"));
const told = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "medium" });

for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-at]"))) {
  time.title = time.dateTime;
  setText(time, told.format(new Date(time.dateTime)));
}

for (const choice of form.querySelectorAll("select, input[type=date]")) choice.addEventListener("change", () => form.requestSubmit());
// A day is the reader's, and what is not chosen has no place in the address.
form.addEventListener("formdata", (event) => {
  const days = Boolean(event.formData.get("since") || event.formData.get("until"));
  event.formData.set("zone", days ? String(-new Date().getTimezoneOffset()) : "");
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});
form.dataset.ready = "true";
