// A shared worker: holds each room's feed once for all tabs of the browser, for over HTTP/1.1 a browser has six
// connections to a server and every held request takes one. Begins with the first tab, ends with the last.
import { SharedRooms } from "./shared_rooms.js";

const rooms = new SharedRooms();

/** @type {any} */ (globalThis).onconnect = (/** @type {MessageEvent} */ { ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.join) rooms.join(port, data.join);
    else rooms.leave(port);
  };
};
