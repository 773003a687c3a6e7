// Keys of a page. Whatever has data-key="x" is pressed by that key; data-says names it in the list.
// A module adds keys without a button by on("x", "what it does", act).

const acts = new Map();

export function on(key, says, act) {
  acts.set(key, { says, act });
}

const writing = (target) =>
  target.closest("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

const shown = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "space" };

function buttons() {
  const top = [...document.querySelectorAll("dialog[open]")].at(-1);
  return [...(top ?? document).querySelectorAll("[data-key]")].filter((one) => one.offsetParent !== null);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
  const button = buttons().find((one) => one.dataset.key === event.key);
  if (button) {
    event.preventDefault();
    button.click();
  } else if (!document.querySelector("dialog[open]") && acts.has(event.key)) {
    event.preventDefault();
    acts.get(event.key).act(event);
  }
});

function list() {
  const rows = buttons().map((one) => [one.dataset.key, one.dataset.says ?? one.textContent.trim()]);
  rows.push(...[...acts].map(([key, { says }]) => [key, says]));
  const dialog = document.createElement("dialog");
  dialog.className = "keys";
  dialog.setAttribute("aria-label", "Keys of this page");
  const table = document.createElement("dl");
  for (const [key, says] of rows) {
    const name = document.createElement("dt");
    const kbd = document.createElement("kbd");
    kbd.textContent = shown[key] ?? key;
    name.append(kbd);
    const text = document.createElement("dd");
    text.textContent = says;
    table.append(name, text);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(table, close);
  document.body.append(dialog);
  dialog.showModal();
}

document.querySelector('[data-key="?"]')?.addEventListener("click", list);
