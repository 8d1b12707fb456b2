/* Owns the filter of the catalog's pages: rows that lack a typed word are hidden, and headings that have no row left. Who comes from the search
   finds the rows of what was searched for. Without scripts all of it stands there. */
(() => {
  const article = document.querySelector("article.md-content__inner");
  if (!article || !/\/catalog\//.test(location.pathname)) return;
  const rows = [...article.querySelectorAll("tbody tr")];
  if (rows.length < 12) return;
  const chinese = document.documentElement.lang.startsWith("zh");
  const field = Object.assign(document.createElement("input"), {
    type: "search", className: "filter", placeholder: chinese ? "筛选本页，例如 coder 7b" : "Filter this page: coder 7b",
  });
  field.setAttribute("aria-label", field.placeholder);
  article.querySelector("h1").after(field);
  const parts = [...article.children].filter((part) => part !== field);
  const level = (part) => (/^H[1-6]$/.test(part.tagName) ? Number(part.tagName[1]) : 0);
  let series = "";
  const texts = new Map();
  for (const part of parts) {
    if (level(part)) series = part.textContent;
    for (const row of part.querySelectorAll("tbody tr")) texts.set(row, `${series} ${row.textContent}`.toLowerCase());
  }
  const parted = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  field.addEventListener("input", () => {
    const words = parted(field.value);
    for (const [row, text] of texts) row.hidden = !words.every((word) => text.includes(word));
    const left = (part) => [...part.querySelectorAll("tbody tr")].some((row) => !row.hidden);
    for (const fold of article.querySelectorAll("details.rest")) fold.open = words.length > 0;
    // From the end: a heading stays where something below it, before the next of its level, does.
    const kept = [0, false, false, false, false, false, false];
    for (const part of [...parts].reverse()) {
      const rank = level(part);
      if (rank === 1) continue;
      if (!words.length) part.hidden = false;
      else if (rank) {
        part.hidden = !kept.slice(rank).some(Boolean);
        if (!part.hidden) kept[rank - 1] = true;
        kept.fill(false, rank);
      } else if (part.querySelector("tbody tr")) {
        part.hidden = !left(part);
        if (!part.hidden) kept[6] = true;
      } else part.hidden = true;
    }
  });
  const searched = new URLSearchParams(location.search).get("h") ?? "";
  if (searched && [...texts.values()].some((text) => parted(searched).every((word) => text.includes(word)))) {
    field.value = searched;
    field.dispatchEvent(new Event("input"));
  }
})();
