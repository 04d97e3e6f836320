// The player's modules are asked for once the poster is on the screen: they would share a slow line with it.
import { readJson } from "./page_data.js";

const LONGEST_WAIT_MS = 1000;
const { modules, poster } = readJson("page");

/** @param {string} address */
async function seen(address) {
  const picture = new Image();
  const told = new Promise((then) => { picture.onload = picture.onerror = then; }); // none: nothing to wait for
  picture.src = address;
  await told;
  await new Promise(requestAnimationFrame);
}

if (poster) await Promise.race([seen(poster), new Promise((over) => { setTimeout(over, LONGEST_WAIT_MS); })]);
for (const href of modules) document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
await import("./room_page.js");
