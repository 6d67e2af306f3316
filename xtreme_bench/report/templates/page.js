"use strict";
// Tables sort by a click on a heading: rows move inside their group, empty cells come last.
const number = text => {
  const plain = text.replaceAll(",", "").replace("−", "-").trim();
  return /^[+-]?\d+(\.\d+)?%?$/.test(plain) ? parseFloat(plain) : NaN;
};
const compared = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return Number.isNaN(x) - Number.isNaN(y) || a.localeCompare(b);
};
const empty = text => text === "" || text === "–";
for (const table of document.querySelectorAll("table")) {
  const headings = [...table.tHead.rows[0].cells];
  if (Math.max(...[...table.tBodies].map(group => group.rows.length)) < 3) continue;
  headings.forEach((heading, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach(one => one.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const group of table.tBodies) {
        const text = row => row.cells[at]?.textContent.trim() ?? "";
        const order = (a, b) => empty(text(a)) - empty(text(b))
          || (down ? compared(text(b), text(a)) : compared(text(a), text(b)));
        group.append(...[...group.rows].sort(order));
      }
    });
  });
}
