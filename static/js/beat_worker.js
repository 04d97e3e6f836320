// Beats for canvas_composer.js: a worker's timers keep their pace while the tab is hidden. The message says how often, in ms.
addEventListener("message", ({ data }) => setInterval(() => postMessage(null), data));
