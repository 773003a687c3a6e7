// Tables that are sorted by a press on a column's name.
for (const table of document.querySelectorAll("table.sorted")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "descending" : "ascending");
      const body = table.tBodies[0];
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      body.append(...[...body.rows].sort((a, b) => (up ? -1 : 1) * compare(value(a), value(b))));
    });
  });
}

// What has no value stands last when the best are first.
function compare(a, b) {
  const [x, y] = [a, b].map((text) => (text === "" || text === "–" ? -Infinity : Number(text)));
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x === y ? 0 : x - y;
}
