"use strict";
// A button beside each heading sorts the rows of each group; rows without a value come last.
const value = cell => {
  const text = cell.textContent.trim();
  const number = /^[\d,.]+( M)?$/.test(text) ? parseFloat(text.replaceAll(",", "")) : NaN;
  return {text, number, none: text === "" || text === "–"};
};
const order = (a, b) => Number.isNaN(a.number) || Number.isNaN(b.number) ? a.text.localeCompare(b.text) : a.number - b.number;
for (const table of document.querySelectorAll("table")) {
  const headings = [...table.tHead.rows[0].cells];
  if (Math.max(...[...table.tBodies].map(body => body.rows.length)) < 2) continue;
  headings.forEach((heading, at) => {
    const button = document.createElement("button");
    const name = heading.textContent;
    button.type = "button";
    button.setAttribute("aria-label", `Sort by ${name}`);
    button.textContent = "⇅";
    heading.append(button);
    button.addEventListener("click", () => {
      // Scores are wanted from the highest: the first click on numbers sorts down.
      const numeric = table.tBodies[0].rows[0].cells[at].classList.contains("number") && name !== "rank";
      const was = heading.getAttribute("aria-sort");
      const down = was ? was === "ascending" : numeric;
      for (const one of headings) {
        one.removeAttribute("aria-sort");
        one.querySelector("button").textContent = "⇅";
      }
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      button.textContent = down ? "↓" : "↑";
      for (const body of table.tBodies) {
        const rows = [...body.rows].sort((left, right) => {
          const [a, b] = [value(left.cells[at]), value(right.cells[at])];
          return a.none - b.none || (down ? order(b, a) : order(a, b));
        });
        body.append(...rows);
      }
    });
  });
}
