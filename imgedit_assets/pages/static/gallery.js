// The gallery: arrows walk over the cards, q asks for a quarantine, / goes to the words.
import { on } from "./keys.js";
import { quarantine, undoLast } from "./quarantine.js";

const links = () => [...document.querySelectorAll(".card > a")];
const here = () => document.activeElement?.closest?.(".card");

function walk(step) {
  const all = links();
  if (!all.length) return;
  const at = all.findIndex((link) => link.closest(".card") === here());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function columns() {
  const all = links();
  const top = all[0]?.getBoundingClientRect().top;
  const wide = all.findIndex((link) => link.getBoundingClientRect().top > top + 4);
  return wide < 0 ? all.length : wide;
}

on("ArrowRight", "The next pair; Enter opens it", () => walk(1));
on("ArrowLeft", "The pair before", () => walk(-1));
on("ArrowDown", "The pair below", () => walk(columns()));
on("ArrowUp", "The pair above", () => walk(-columns()));
on("q", "Quarantine the pair; Enter says yes", () => {
  const card = here() ?? document.querySelector(".card");
  if (card) quarantine({ kind: "row", value: card.dataset.id }, card);
});
on("u", "Undo the last quarantine", undoLast);
on("/", "Search the instructions", () => document.querySelector("[data-focus='/']")?.focus());

for (const select of document.querySelectorAll(".filters > label > select"))
  select.addEventListener("change", () => select.form.requestSubmit());
// Short addresses: what is empty is not said.
document.querySelector(".filters")?.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value) formData.delete(name);
});

const bar = document.querySelector(".whatif");
const sliders = [...(bar?.querySelectorAll("input") ?? [])];
let waiting = 0;

async function ask() {
  const asked = new URL(bar.dataset.ask, location.href);
  for (const one of sliders) asked.searchParams.set(one.name, one.value);
  const turn = ++waiting;
  const answer = await fetch(asked);
  const text = await answer.text();
  if (turn === waiting) bar.querySelector(".answer").innerHTML = text;
}

let timer;
for (const one of sliders)
  one.addEventListener("input", () => {
    one.closest("label").querySelector("output").textContent = one.value;
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
bar?.addEventListener("toggle", () => bar.open && ask());
