// Tables that the reader sorts by a column, searches, and leafs through if they are long.
"use strict";

(() => {
  const PAGE = 50; // rows shown at once
  const SHORT = 200; // rows up to which a table is printed whole
  const SEARCHED = 12; // rows from which on a table can be searched

  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  // The value to sort by: a number, or text; "inf" and "-inf" are numbers, "not finite" is none.
  const key = (cell) => {
    const text = cell.textContent.trim();
    const infinite = /^([+-]?)inf$/.exec(text);
    if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
    if (text === "" || text === "not finite") return null;
    return cell.className === "t" || Number.isNaN(Number(text)) ? text : Number(text);
  };

  // What is missing comes last in both directions; numbers come before text.
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    if (typeof a === "number") return a === b ? 0 : sign * (a < b ? -1 : 1);
    return sign * a.localeCompare(b, "en", { numeric: true });
  };

  function equip(table) {
    const body = table.tBodies[0];
    const all = [...body.rows];
    let rows = all, page = 0;
    const frame = table.closest(".table");
    const told = make("span", { className: "rows" });
    told.setAttribute("role", "status");
    const turn = (by) => { page += by; show(); };
    const back = make("button", { type: "button", textContent: "Previous", onclick: () => turn(-1) });
    const next = make("button", { type: "button", textContent: "Next", onclick: () => turn(1) });
    const search = make("input", { type: "search", oninput: () => find(search.value), placeholder: "Search" });
    search.setAttribute("aria-label", "Search the table");

    function show() {
      const pages = Math.max(Math.ceil(rows.length / PAGE), 1);
      page = Math.min(Math.max(page, 0), pages - 1);
      rows.forEach((row, place) => { row.hidden = Math.floor(place / PAGE) !== page; });
      const last = Math.min((page + 1) * PAGE, rows.length);
      const found = rows.length < all.length ? ` found, of ${all.length}` : "";
      told.textContent = rows.length ? `Rows ${page * PAGE + 1}–${last} of ${rows.length}${found}` : "No row found";
      back.disabled = page === 0;
      next.disabled = page === pages - 1;
      back.hidden = next.hidden = pages === 1;
      table.classList.toggle("short", rows.length <= SHORT);
      tools.classList.toggle("short-tools", rows.length <= SHORT);
    }

    function find(words) {
      const wanted = words.trim().toLowerCase();
      rows = all.filter((row) => row.textContent.toLowerCase().includes(wanted));
      body.replaceChildren(...rows);
      page = 0;
      show();
    }

    function sort(heading, column) {
      const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const keyed = all.map((row) => [key(row.cells[column]), row]);
      keyed.sort((a, b) => compare(a[0], b[0], sign));
      keyed.forEach(([, row], place) => { all[place] = row; });
      find(search.value);
    }

    const tools = make("div", { className: "tools" });
    if (all.length > SEARCHED) {
      tools.append(search, told, back, next);
      frame.prepend(tools);
    }
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = make("button", { type: "button" }, ...heading.childNodes);
      button.onclick = () => sort(heading, column);
      heading.replaceChildren(button);
    });
    show();
  }

  document.querySelectorAll(".table table").forEach(equip);
})();
