"use strict";
// Sorting. Headers become buttons here, so that a page without scripts shows none that do nothing.
const collator = new Intl.Collator("en", { numeric: true });
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    header.ariaSort = "none";
    button.addEventListener("click", () => {
      const order = header.ariaSort === "ascending" ? "descending" : "ascending";
      for (const other of headers) other.ariaSort = "none";
      header.ariaSort = order;
      sort(table.tBodies[0], column, order === "ascending" ? 1 : -1);
    });
  });
}

function sort(body, column, sign) {
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const rows = [...body.rows].map((row) => [key(row), row]);
  const numbers = rows.every(([text]) => text === "" || !Number.isNaN(Number(text)));
  rows.sort(([a], [b]) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // what is missing comes last
    return sign * (numbers ? Number(a) - Number(b) : collator.compare(a, b));
  });
  body.append(...rows.map(([, row]) => row));
}

// Tips: of what is under the pointer or has the focus; in a plot, of the nearest point.
const tip = document.createElement("div");
tip.id = "tip";
tip.role = "status";
tip.hidden = true;
document.body.append(tip);
let here = null;

function show(target) {
  if (here === target) return;
  if (here) here.classList.remove("here");
  here = target;
  tip.hidden = !target;
  if (!target) return;
  if (target.matches("circle")) target.classList.add("here");
  tip.textContent = target.dataset.tip;
  tip.style.left = tip.style.top = "0";
  const box = target.getBoundingClientRect();
  const [width, height] = [document.documentElement.clientWidth, tip.offsetHeight];
  const left = Math.max(8, Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, width - tip.offsetWidth - 8));
  const top = box.top > height + 12 ? box.top - height - 8 : box.bottom + 8;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${top + scrollY}px`;
}

function under(event) {
  const plot = event.target.closest("svg.plot");
  if (!plot) return event.target.closest("[data-tip]");
  const away = (dot) => {
    const box = dot.getBoundingClientRect();
    return Math.hypot(box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
  };
  const dots = [...plot.querySelectorAll("circle[data-tip]")].map((dot) => [away(dot), dot]);
  const [distance, nearest] = dots.reduce((a, b) => (b[0] < a[0] ? b : a), [40, null]);
  return distance < 40 ? nearest : null;
}

document.addEventListener("pointermove", (event) => show(under(event)));
document.addEventListener("pointerdown", (event) => show(under(event)));
document.addEventListener("focusin", (event) => show(event.target.closest("[data-tip]")));
document.addEventListener("focusout", () => show(null));
document.addEventListener("keydown", (event) => event.key === "Escape" && show(null));

// Copying; a page that is opened from a file may not be allowed to, and then selects the text.
for (const code of document.querySelectorAll("code.copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copier";
  button.textContent = "copy";
  button.ariaLabel = `copy ${code.textContent}`;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "selected";
    }
    setTimeout(() => (button.textContent = "copy"), 1500);
  });
  code.after(button);
}

// Paper has nothing to unfold.
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not([open])")) one.open = one.dataset.shut = true;
});
addEventListener("afterprint", () => {
  for (const one of document.querySelectorAll("details[data-shut]")) one.open = false;
});
