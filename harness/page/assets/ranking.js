// The ranked table: which metric it shows, the order of its rows, and which rows stand in it.

const ranking = one("#ranking");
const lines = all("tbody tr", ranking);
const board = data("board");
const metrics = board.metrics;
const PLOT = { width: 156, height: 18, edge: 5 };
const state = { metric: 0, beside: [], key: null, ascending: true };

const cellText = (metric, row) => ({ text: metric.text[row], gap: metric.mean[row] === null, note: metric.note[row] });

/** The interval of one row on the axis of its metric: a dot, a line, a stroke per seed; the baseline dashed. */
function plot(metric, row) {
  const mean = metric.mean[row];
  if (mean === null || metric.axis === null) return null;
  const [low, high] = metric.axis;
  const beyond = mean < low ? "left" : mean > high ? "right" : "";
  const x = (value) => PLOT.edge + ((value - low) / (high - low)) * (PLOT.width - 2 * PLOT.edge);
  const inside = (value) => Math.min(Math.max(x(value), 1), PLOT.width - 1);
  const middle = PLOT.height / 2;
  const svg = drawing("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, width: PLOT.width, height: PLOT.height, "aria-hidden": "true" });
  const baseline = metric.difference.indexOf("baseline");
  if (baseline >= 0 && metric.mean[baseline] !== null) {
    const at = x(metric.mean[baseline]);
    svg.append(drawing("line", { class: "zero", x1: at, x2: at, y1: 0, y2: PLOT.height }));
  }
  for (const seed of metric.seeds[row]) {
    if (seed !== null && seed >= low && seed <= high) svg.append(drawing("line", { class: "seed", x1: x(seed), x2: x(seed), y1: middle - 6, y2: middle + 6 }));
  }
  if (metric.low[row] !== null) {
    const [from, to] = [inside(metric.low[row]), inside(metric.high[row])];
    if (from < to) svg.append(drawing("line", { class: "range", x1: from, x2: to, y1: middle, y2: middle }));
    if (metric.low[row] < low && beyond !== "left") svg.append(drawing("path", { class: "tip", d: `M1 ${middle}l5 -3.5v7z` }));
    if (metric.high[row] > high && beyond !== "right") svg.append(drawing("path", { class: "tip", d: `M${PLOT.width - 1} ${middle}l-5 -3.5v7z` }));
  }
  if (beyond === "left") svg.append(drawing("path", { class: "mean", d: `M0 ${middle}l7 -5v10z` }));
  else if (beyond === "right") svg.append(drawing("path", { class: "mean", d: `M${PLOT.width} ${middle}l-7 -5v10z` }));
  else svg.append(drawing("circle", { class: "mean", cx: x(mean), cy: middle, r: 3.5 }));
  return svg;
}

function fill(cell, { text, gap }) {
  cell.textContent = text;
  cell.classList.toggle("gap", gap);
}

/** The columns of the metric that is shown, row by row. */
function showMetric() {
  const metric = metrics[state.metric];
  if (!metric) return;
  const title = (name, text) => { one(`th[data-column="${name}"] .sort`, ranking).textContent = text; };
  one('th[data-column="score"] .sort', ranking).replaceChildren(...breakable(metric.title));
  title("difference", metric.baseline ? `against ${metric.baseline}` : "difference");
  const [left, right] = all("th.plot .axis > span:not(.what)", ranking);
  [left.textContent, right.textContent] = metric.ends;
  for (const line of lines) {
    const row = Number(line.dataset.row);
    const cell = cellText(metric, row);
    fill(one(".score", line), cell);
    const svg = plot(metric, row);
    one(".plot", line).replaceChildren(
      ...(svg ? [svg, element("span", { class: "hidden" }, metric.seedsText[row] || "no seeds")] : [element("span", { class: "reason", dir: "auto" }, cell.note || "–")]));
    one(".plot", line).title = metric.seedsText[row] ? `seeds: ${metric.seedsText[row]}` : "";
    const verdict = metric.verdict[row];
    one(".difference", line).replaceChildren(
      metric.difference[row], ...(verdict ? [" ", element("span", { class: `verdict ${verdict.replaceAll(" ", "-")}` }, verdict)] : []));
    one(".p", line).textContent = metric.p[row];
  }
  one("#metric-about").textContent = metric.about;
  showBeside();
  sortRows();
}

/** The metrics beside it, each as its figures alone. */
function showBeside() {
  const shown = state.beside.filter((place) => place !== state.metric);
  for (const old of all(".beside", ranking)) old.remove();
  const heads = one("thead tr", ranking);
  for (const place of shown) {
    const head = element("th", { scope: "col", class: "right beside", "data-sort": `metric-${place}` }, ...breakable(metrics[place].title));
    heads.append(head);
    sortable(head);
  }
  for (const line of lines) {
    const row = Number(line.dataset.row);
    line.append(...shown.map((place) => {
      const { text, gap, note } = cellText(metrics[place], row);
      return element("td", { class: `right beside${gap ? " gap" : ""}`, title: note || null }, text);
    }));
  }
  markSorted();
  keepClear();
}

const ofCell = (name) => (line) => { const value = one(`.${name}`, line).dataset.value; return value === "" ? null : Number(value); };
const keys = {
  label: (line) => board.rows[line.dataset.row].label.toLowerCase(),
  standing: (line) => ofCell("standing")(line),
  score: (line) => metrics[state.metric].mean[line.dataset.row],
  by: (line) => metrics[state.metric].by[line.dataset.row],
  p: (line) => metrics[state.metric].pValue[line.dataset.row],
  seeds: ofCell("seeds"), time: ofCell("time"), memory: ofCell("memory"), tokens: ofCell("tokens"),
  tuned: (line) => one(".tuned", line).textContent,
  status: (line) => one(".state", line).textContent,
};
const keyOf = (name) => (name.startsWith("metric-") ? (line) => metrics[Number(name.slice(7))].mean[line.dataset.row] : keys[name]);

/** Figures start with their best, everything else with its least. */
function startsAscending(name) {
  const metric = name.startsWith("metric-") ? metrics[Number(name.slice(7))] : name === "score" || name === "by" ? metrics[state.metric] : null;
  return metric === null || metric.higher === false;
}

function sortRows() {
  const key = state.key && keyOf(state.key);
  const found = lines.map((line, place) => [key ? key(line) : place, place, line]);
  const sign = state.ascending || !key ? 1 : -1;
  found.sort(([a, i], [b, j]) => {
    if (a === b) return i - j;
    if (a === null || b === null) return a === null ? 1 : -1;
    return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
  });
  one("tbody", ranking).append(...found.map(([, , line]) => line));
  markSorted();
}

function markSorted() {
  for (const head of all("thead th[data-sort]", ranking)) {
    head.title = head.textContent;
    if (head.dataset.sort === state.key) head.setAttribute("aria-sort", state.ascending ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
}

/** Once, the other way round, then the order of the board. */
function sortBy(name) {
  const first = startsAscending(name);
  if (state.key !== name) [state.key, state.ascending] = [name, first];
  else if (state.ascending === first) state.ascending = !first;
  else state.key = null;
  sortRows();
  const title = one(`th[data-sort="${name}"]`, ranking).textContent.trim();
  say(state.key ? `Sorted by ${title}, ${state.ascending ? "ascending" : "descending"}` : "In the order of the board");
}

function sortable(head) {
  const button = element("button", { type: "button", class: "sort" }, ...head.childNodes);
  button.addEventListener("click", () => sortBy(head.dataset.sort));
  head.replaceChildren(button);
}

const sought = board.rows.map((row) =>
  [row.label, row.standing, row.source, row.status, ...row.facts.map(([name, text]) => (name === "Counted" ? "" : text))].join("\n").toLowerCase());
const onFilter = [];

function shows(line) {
  const row = Number(line.dataset.row);
  const standing = one("#standing").value;
  const size = one("#size")?.value;
  return (
    sought[row].includes(one("#find").value.trim().toLowerCase()) &&
    (!standing || line.dataset.standing === standing) &&
    (!size || !line.dataset.size || line.dataset.size === size) &&
    (!one("#contenders").checked || board.rows[row].competes) &&
    (!one("#third-party").checked || board.rows[row].source !== ""));
}

/** What has the focus does not hide behind the head of the table or its first column. */
function keepClear() {
  const box = ranking.parentElement;
  box.style.scrollPadding = `${one("thead", ranking).offsetHeight + 4}px 4px 4px ${one("thead .first", ranking).offsetWidth + 4}px`;
}

function filterRows() {
  let count = 0;
  for (const line of lines) {
    line.hidden = !shows(line);
    count += line.hidden ? 0 : 1;
  }
  one("#count").textContent = `${count} of ${lines.length} rows`;
  for (const call of onFilter) call();
}

for (const head of all("thead th[data-sort]", ranking)) sortable(head);
for (const id of ["standing", "size", "contenders", "third-party"]) one(`#${id}`)?.addEventListener("change", filterRows);
one("#find").addEventListener("input", filterRows);
one("#metric")?.addEventListener("change", (event) => { state.metric = Number(event.target.value); showMetric(); });
const columns = all("#columns input");
const chosen = () => columns.filter((box) => box.checked).map((box) => Number(box.value));
for (const box of columns) box.addEventListener("change", () => { state.beside = chosen(); showBeside(); });
// Reloaded pages keep what was chosen in their controls.
if (one("#metric")) state.metric = Number(one("#metric").value);
state.beside = chosen();
showMetric();
filterRows();
addEventListener("resize", keepClear, { passive: true });
one("#columns")?.addEventListener("toggle", () => {
  const [menu, sheet, controls] = [one("#columns"), one(".sheet"), one("#board .controls")];
  if (!menu.open) return;
  const from = controls.getBoundingClientRect();
  sheet.style.left = `${Math.max(0, Math.min(menu.getBoundingClientRect().left - from.left, from.width - sheet.offsetWidth))}px`;
});
