// All that is known of one row, in a sheet that the address names: #row-3.

const rowDialog = one("#row");

function pairs(found) {
  const list = element("dl", { class: "pairs" });
  for (const [name, text] of found) list.append(element("dt", {}, name), element("dd", { dir: "auto" }, text));
  return list;
}

function everyMetric(row) {
  const heads = [["metric", false], ["value", true], ["seeds", true], ["difference", true], ["p", true], ["note", false]];
  const found = metrics.map((metric) => [
    metric.title, metric.text[row], metric.seedsText[row] || "–", metric.difference[row], metric.p[row],
    [metric.verdict[row], metric.note[row]].filter(Boolean).join("; ") || "–"]);
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Every metric of this row" }, plainTable(heads, found));
}

function openRow(row) {
  const found = board.rows[row];
  if (!found) return;
  one("#row-body").replaceChildren(
    element("h2", { id: "row-title", dir: "auto" }, found.label),
    element("p", { class: "lead" }, element("span", { class: "sign", "aria-hidden": "true" }, found.sign), ` ${found.standing}, ${found.status}`),
    ...found.reasons.map((text) => element("p", { class: "reason", dir: "auto" }, text)),
    ...found.sentences.map((text) => element("p", { dir: "auto" }, text)),
    pairs(found.facts),
    element("h3", {}, "Every metric"),
    everyMetric(row));
  if (!rowDialog.open) rowDialog.showModal();
  rowDialog.scrollTop = 0;
}

function followAddress() {
  const named = /^#row-(\d+)$/.exec(location.hash);
  if (named) openRow(Number(named[1]));
}

rowDialog.addEventListener("close", () => {
  if (location.hash.startsWith("#row-")) history.replaceState(null, "", location.pathname + location.search);
});
for (const dialog of all("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
for (const link of all("a.name", ranking)) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    openRow(Number(link.closest("tr").dataset.row));
  });
}
addEventListener("hashchange", followAddress);
followAddress();
