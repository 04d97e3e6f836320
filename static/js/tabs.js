// Tabs (the macro `tab_list` in templates/_parts.html): one panel at a time; arrow keys, Home and End move between them.

/** @param {HTMLElement} list an element with the role `tablist` @param {(key: string) => void} [onChosen] */
export function attendTabs(list, onChosen = () => {}) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[role="tab"]')]);
  const choose = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !on;
    }
    onChosen(chosen.id.slice(`${list.id}-tab-`.length));
  };
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      /** @type {Record<string, number>} */
      const goals = { ArrowRight: (at + 1) % tabs.length, ArrowLeft: (at - 1 + tabs.length) % tabs.length, Home: 0, End: tabs.length - 1 };
      const goal = tabs[goals[event.key]];
      if (!goal) return;
      event.preventDefault();
      choose(goal);
      goal.focus();
    });
  }
}
