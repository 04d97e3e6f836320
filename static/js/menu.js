// Menus are popovers: the browser opens and shuts them. Here they get their place under their button, and arrow keys.

/** Every `.menu` of the page (the macro `menu` in templates/_parts.html). @param {ParentNode} [root] */
export function placeMenus(root = document) {
  for (const menu of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".menu[popover]"))) {
    const opener = document.querySelector(`[popovertarget="${menu.id}"]`);
    if (opener) attend(menu, /** @type {HTMLElement} */ (opener));
  }
}

/** @param {HTMLElement} menu @param {HTMLElement} opener */
function attend(menu, opener) {
  const shut = () => menu.hidePopover();
  menu.addEventListener("beforetoggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "open") return;
    place(menu, opener.getBoundingClientRect());
    markFirst(menu);
  });
  menu.addEventListener("toggle", (event) => {
    const opens = /** @type {ToggleEvent} */ (event).newState === "open";
    // It stands at a place of the window: were the page moved or resized, it would stay behind.
    for (const what of ["scroll", "resize"]) window[opens ? "addEventListener" : "removeEventListener"](what, shut);
  });
  menu.addEventListener("keydown", (event) => move(menu, event));
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    if (!menu.matches(":popover-open")) menu.showPopover();
  });
}

/** The browser itself puts the focus there while it opens: a key pressed meanwhile meets it. @param {HTMLElement} menu */
function markFirst(menu) {
  const items = itemsOf(menu);
  const first = items.find((item) => item.ariaCurrent) ?? items[0];
  for (const item of items) item.autofocus = item === first;
}

/** @param {HTMLElement} menu @param {DOMRect} below */
function place(menu, below) {
  const atEnd = below.left + below.width / 2 > window.innerWidth / 2;
  menu.style.top = `${below.bottom + 4}px`;
  menu.style.left = atEnd ? "auto" : `${Math.max(8, below.left)}px`;
  menu.style.right = atEnd ? `${Math.max(8, document.documentElement.clientWidth - below.right)}px` : "auto";
}

/** @param {HTMLElement} menu @param {KeyboardEvent} event */
function move(menu, event) {
  const items = itemsOf(menu);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const goals = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 };
  const goal = goals[event.key];
  if (goal === undefined) return;
  event.preventDefault();
  items[goal]?.focus();
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
const itemsOf = (menu) => [...menu.querySelectorAll("button, a")].map((item) => /** @type {HTMLElement} */ (item));
