(() => {
  "use strict";
  const form = document.getElementById("filter");
  const status = document.getElementById("filter-count");
  const folds = [...document.querySelectorAll("main details")].map((element) => ({ element, wasOpen: element.open }));
  const blocks = [...document.querySelectorAll("[data-block]")];
  const columns = [...document.querySelectorAll("table[data-matrix]")];

  // Texts with names of servers, of an entry or else of its table; an empty text stands for all servers.
  const serversIn = (elements) =>
    [...elements].map((one) => (one.dataset.servers === "all" ? "" : one.textContent.toLowerCase()));
  const serversOf = (element) => {
    const own = element.querySelectorAll("[data-servers]");
    const table = element.closest("table");
    return serversIn(own.length || !table ? own : table.querySelectorAll(":is(caption, thead) [data-servers]"));
  };
  // Read when somebody filters: a large page opens sooner without.
  let entries;
  const read = () => [...document.querySelectorAll("[data-part]")].map((element) => ({
    element,
    part: element.dataset.part,
    isSame: element.hasAttribute("data-same"),
    text: element.textContent.toLowerCase(),
    servers: serversOf(element),
  }));

  const matches = (servers, wanted) =>
    !wanted || !servers.length || servers.some((names) => !names || names.includes(wanted));

  const filter = () => {
    const wanted = (name) => form.elements[name].value.trim().toLowerCase();
    const [server, part, text] = ["server", "part", "text"].map(wanted);
    const onlyDifferences = form.elements.differences.checked;
    const isFiltered = Boolean(server || part || text || onlyDifferences);
    let shown = 0;
    entries ??= read();
    for (const entry of entries) {
      entry.element.hidden = !(
        (!part || entry.part === part) &&
        (!text || entry.text.includes(text)) &&
        !(onlyDifferences && entry.isSame) &&
        matches(entry.servers, server)
      );
      shown += entry.element.hidden ? 0 : 1;
    }
    for (const table of columns) {
      const headers = [...table.tHead.rows[0].cells];
      const isHidden = headers.map((header) => !matches(serversIn(header.querySelectorAll("[data-servers]")), server));
      for (const row of table.rows) {
        [...row.cells].forEach((cell, place) => { cell.hidden = isHidden[place]; });
      }
    }
    for (const block of blocks) {
      block.hidden = isFiltered && !block.querySelector("[data-part]:not([hidden])");
    }
    for (const { element, wasOpen } of folds) {
      const holdsEntries = element.querySelector("[data-part]");
      element.open = isFiltered && holdsEntries ? Boolean(element.querySelector("[data-part]:not([hidden])")) : wasOpen;
    }
    status.textContent = isFiltered
      ? `${shown} of ${entries.length} entries match.`
      : `All ${entries.length} entries are shown or collapsed.`;
  };

  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  // Older browsers print what is folded only if it is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((element) => { element.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((element) => { element.open = false; }));
})();
