// What every page does: times told relative to now, menus in their places.
import { placeMenus } from "./menu.js";
import { drawTimes } from "./times.js";

drawTimes();
setInterval(drawTimes, 30000);
placeMenus();
