// The review queue: f goes to the instruction, Enter there accepts it so; b blinks, z shows every pixel.
import { on } from "./keys.js";
import { blink, missing, pixels, together } from "./shown.js";

const form = document.querySelector(".review");

if (form) {
  const words = form.elements.instruction;
  form.querySelector("[data-fix]").addEventListener("click", () => {
    words.focus();
    words.setSelectionRange(words.value.length, words.value.length);
  });
  form.querySelector("[data-why]").addEventListener("click", () => form.elements.why.focus());
  const accept = form.querySelector("[value=accepted]");
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit(accept);
    }
  });
  for (const field of [words, form.elements.why])
    field.addEventListener("keydown", (event) => event.key === "Escape" && field.blur());
  form.elements.why.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  on("b", "Blink: before in place of after, and back", () => form.querySelectorAll(".shown").forEach(blink));
  on("z", "Every pixel, and back", () => pixels(form));
  for (const shown of form.querySelectorAll(".shown")) {
    together(shown);
    missing(shown);
  }
}
