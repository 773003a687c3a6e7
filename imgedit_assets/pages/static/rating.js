// One task: keys fill the first open question, and the last answer saves it. What is begun stays in
// this browser until it is saved.
import { on } from "./keys.js";
import { blink, missing, pixels, together } from "./shown.js";

const form = document.querySelector(".rating");
const keys = {
  scores: { 1: "1", 2: "2", 3: "3", 4: "4", 5: "5" },
  pairs: { ArrowLeft: "first", ArrowRight: "second", "=": "tie", ArrowDown: "neither" },
  turns: { y: "yes", n: "no" },
};
const says = { first: "The left one is better", second: "The right one is better", tie: "A tie", neither: "Both are bad", yes: "It was done", no: "It was not done" };

for (const button of document.querySelectorAll("[data-open]"))
  button.addEventListener("click", () => document.getElementById(button.dataset.open).showModal());

if (form) start();

function start() {
  const questions = [...form.querySelectorAll(".question")];
  const saved = questions.every((one) => one.querySelector(":checked"));
  const began = performance.now();
  let away = 0;
  let left = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) left = performance.now();
    else if (left) away += performance.now() - left;
  });
  const draft = JSON.parse(sessionStorage.getItem(form.dataset.place) ?? "[]");
  if (!saved) questions.forEach((one, n) => draft[n] && choose(one, draft[n]));

  // Where every answer is there already, the keys say it all anew.
  let next = saved ? 0 : questions.findIndex((one) => !one.querySelector(":checked"));
  mark();

  for (const [key, answer] of Object.entries(keys[form.dataset.mode]))
    on(key, says[answer] ?? `Grade ${answer}`, () => say(answer));
  on("Backspace", "Take the last answer back", () => {
    next = Math.max(0, next - 1);
    for (const input of questions[next].querySelectorAll("input")) input.checked = false;
    mark();
  });
  on("m", "Write a note", () => form.querySelector("[data-note]").focus());
  on("b", "Blink: before in place of the result, and back", () => document.querySelectorAll(".shown").forEach(blink));
  on("z", "Every pixel, and back", () => pixels(form));
  form.addEventListener("change", () => {
    next = questions.findIndex((one) => !one.querySelector(":checked"));
    if (next < 0) next = questions.length;
    mark();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter);
  });
  for (const shown of form.querySelectorAll(".shown")) {
    together(shown);
    missing(shown);
  }

  function choose(question, answer) {
    const input = [...question.querySelectorAll("input")].find((one) => one.value === answer);
    if (input) input.checked = true;
  }

  function say(answer) {
    if (next >= questions.length) return;
    choose(questions[next], answer);
    next += 1;
    mark();
    questions[next]?.scrollIntoView({ block: "end" });
    if (next === questions.length) send(null);
  }

  function mark() {
    questions.forEach((one, n) => one.classList.toggle("now", n === next));
    const begun = questions.map((one) => one.querySelector(":checked")?.value ?? "");
    sessionStorage.setItem(form.dataset.place, JSON.stringify(begun));
  }

  let sending = false;
  async function send(submitter) {
    if (sending) return;
    sending = true;
    form.elements.ms.value = Math.round(performance.now() - began - away);
    const said = new URLSearchParams(new FormData(form, submitter));
    try {
      const answer = await fetch(form.action, { method: "POST", body: said });
      if (!answer.ok) throw new Error(answer.status === 401 ? "your link has ended: ask for a new one" : `the server says ${answer.status}`);
      sessionStorage.removeItem(form.dataset.place);
      location.assign(answer.url);
    } catch (error) {
      sending = false;
      const told = form.querySelector("[role=alert]");
      told.hidden = false;
      told.textContent = `Not saved (${error.message}). Save tries again; your answer stays here.`;
      form.querySelector("button.main").focus();
    }
  }
}
