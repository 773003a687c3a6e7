// Figures that follow what happens elsewhere: read anew every few seconds while the page is looked at.
const live = document.querySelector("[data-live]");

setInterval(async () => {
  if (document.hidden || live.contains(document.activeElement)) return;
  const answer = await fetch(live.dataset.live).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  live.replaceChildren(...page.querySelector("[data-live]").childNodes);
}, 4000);
