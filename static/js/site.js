// What every page does: times told relative to now, menus in their places, notices at its head.
import { placeMenus } from "./menu.js";
import { showNotices } from "./notice_banner.js";
import { drawTimes } from "./times.js";

drawTimes();
setInterval(drawTimes, 30000);
placeMenus();
showNotices();
