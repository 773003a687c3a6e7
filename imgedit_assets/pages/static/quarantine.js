// Asks for a quarantine in a dialog that shows what would leave; Enter says yes, Escape no.

let last = "";

function note(text, undo) {
  document.querySelector(".toast")?.remove();
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  toast.textContent = text;
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo (u)";
    button.addEventListener("click", undoLast);
    toast.append(" ", button);
  }
  document.body.append(toast);
}

async function post(path, fields) {
  const body = new URLSearchParams({ ...fields, as: "json" });
  const answer = await fetch(path, { method: "POST", body });
  if (!answer.ok) throw new Error(await said(answer));
  return answer.json();
}

async function said(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("main p")?.textContent ?? answer.statusText;
}

export async function quarantine(asked, card) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Quarantine");
  dialog.addEventListener("close", () => {
    dialog.remove();
    (card?.querySelector("a") ?? card)?.focus();
  });
  document.body.append(dialog);
  dialog.textContent = "Looking what would leave …";
  dialog.showModal();
  await fill(dialog, `/quarantine?${new URLSearchParams(asked)}`, card);
}

async function fill(dialog, address, card) {
  const answer = await fetch(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  dialog.replaceChildren(...(page.querySelector(".quarantine") ?? page.querySelector("main")).childNodes);
  for (const link of dialog.querySelectorAll(".choices a"))
    link.addEventListener("click", (event) => {
      event.preventDefault();
      fill(dialog, link.getAttribute("href"), card);
    });
  dialog.querySelector("[data-close]")?.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  const form = dialog.querySelector("form");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    send(dialog, form, card);
  });
  (dialog.querySelector("[autofocus]") ?? dialog).focus();
}

async function send(dialog, form, card) {
  try {
    const made = await post("/quarantine", Object.fromEntries(new FormData(form)));
    last = made.id;
    for (const state of (card ?? document).querySelectorAll(".state")) {
      state.textContent = "quarantined";
      state.className = "state quarantined";
    }
    note(made.says, true);
  } catch (error) {
    note(error.message);
  }
  dialog.close();
}

export async function undoLast() {
  if (!last) return note("Nothing was quarantined on this page; see Quarantine above.");
  try {
    await post("/quarantines/undo", { id: last });
    last = "";
    note("The quarantine is undone.");
  } catch (error) {
    note(error.message);
  }
}
