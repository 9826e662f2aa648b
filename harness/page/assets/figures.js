// Charts: one of each group at a time, drawn when it comes near, drawn again in other colours.

const cards = all("article.figure");
const drawn = new Map();
const MOST_LINES = 500;
const NARROWEST = 190;

function tableOf(place) {
  const found = data("figure");
  return whole(found.tables[found.figures[place].data], found.parts);
}

/** Columns as rows. */
function cells(table) {
  const names = Object.keys(table);
  const count = names.length ? table[names[0]].length : 0;
  return Array.from({ length: count }, (_, row) => Object.fromEntries(names.map((name) => [name, table[name][row]])));
}

/** What a chart says under the pointer: text, in an element of its own. */
function tooltip(handler, event, item, value) {
  let box = one("#tooltip");
  if (!box) document.body.append((box = element("div", { id: "tooltip", "aria-hidden": "true" })));
  box.hidden = value === null || value === undefined || value === "";
  if (box.hidden) return;
  if (typeof value === "object") box.replaceChildren(pairs(Object.entries(value).map(([name, text]) => [name, String(text)])));
  else box.textContent = String(value);
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  box.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18}px`;
}

/** The same for a narrow screen, where it can be had: a shorter axis, fewer panels side by side. */
function narrowed(spec, had, room) {
  if (Number.isFinite(spec.width)) return { ...spec, width: Math.max(NARROWEST, spec.width - (had - room)) };
  if (Number.isFinite(spec.columns)) return { ...spec, columns: Math.max(1, Math.floor((spec.columns * room) / had)) };
  return spec;
}

async function embed(container, place, dark, { ground = false, room = Infinity } = {}) {
  const found = data("figure");
  const figure = found.figures[place];
  const config = found[dark ? "dark" : "light"];
  const spec = { ...whole(found.specs[place], found.parts), datasets: { table: cells(tableOf(place)) } };
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, ast: true, tooltip, logLevel: 1,
    config: ground ? config : { ...config, background: "transparent" },
    loader: { load: () => Promise.reject(new Error("nothing is loaded")), sanitize: () => Promise.reject(new Error("no links")) },
  };
  const made = await vegaEmbed(container, spec, options);
  const had = Number(one("svg", container)?.getAttribute("width"));
  if (!(had > room)) return made;
  made.finalize();
  return vegaEmbed(container, narrowed(spec, had, room), options);
}

async function draw(card) {
  const place = Number(one(".choice", card).value);
  const figure = data("figure").figures[place];
  const box = one(".chart", card);
  const token = {};
  const before = drawn.get(card);
  drawn.set(card, { place, token });
  box.setAttribute("aria-busy", "true");
  box.setAttribute("aria-label", figure.alt);
  one(".caption", card).textContent = figure.caption;
  one(".title", card).textContent = figure.title;
  try {
    const inner = element("div");
    if (before?.height) box.style.minHeight = `${before.height}px`; // nothing jumps while the next is drawn
    const made = await embed(inner, place, isDark(), { room: one(".drawn", card).clientWidth });
    if (drawn.get(card)?.token !== token) return made.finalize();
    before?.made?.finalize();
    one("svg", inner)?.setAttribute("aria-hidden", "true"); // the box around it is the image, and says what it shows
    box.replaceChildren(inner);
    box.style.minHeight = "";
    drawn.set(card, { place, token, made, height: box.offsetHeight });
  } catch (error) {
    box.replaceChildren(element("p", { class: "reason" }, `This figure cannot be drawn: ${error.message}`));
    console.error(error);
  }
  box.setAttribute("aria-busy", "false");
  if (one("details.data", card).open) showTable(card);
}

function showTable(card) {
  const place = Number(one(".choice", card).value);
  const table = tableOf(place);
  const headings = whole(data("figure").headings[place], data("figure").parts);
  const rows = cells(table);
  const plain = (value) => (value === null || value === undefined ? "–" : Array.isArray(value) ? value.map(plain).join(" · ") : String(value));
  const heads = headings.map(([name, title]) => [title, typeof table[name].find((value) => value !== null) === "number"]);
  const shown = rows.slice(0, MOST_LINES).map((row) => headings.map(([name]) => plain(row[name])));
  const rest = rows.length > MOST_LINES ? [element("p", { class: "under" }, `The first ${MOST_LINES} of ${rows.length} lines.`)] : [];
  one("details.data .scroll", card).replaceChildren(plainTable(heads, shown), ...rest);
}

async function save(card, form) {
  const place = Number(one(".choice", card).value);
  const made = await embed(element("div"), place, false, { ground: true });
  const content = form === "svg"
    ? new Blob([await made.view.toSVG()], { type: "image/svg+xml" })
    : await new Promise((resolve) => { made.view.toCanvas(2).then((canvas) => canvas.toBlob(resolve, "image/png")); });
  made.finalize();
  const link = element("a", { href: URL.createObjectURL(content), download: `${data("figure").figures[place].name}.${form}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`Saved ${link.download}`);
}

const drawMissing = () => { for (const card of cards) if (!drawn.has(card)) draw(card); };

function beginFigures() {
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      if (!drawn.has(target)) draw(target);
    }
  }, { rootMargin: "300px" });
  for (const card of cards) {
    near.observe(card);
    one(".choice", card).addEventListener("change", () => draw(card));
    one("details.data", card).addEventListener("toggle", (event) => { if (event.target.open) showTable(card); });
    for (const button of all("[data-save]", card)) button.addEventListener("click", () => save(card, button.dataset.save));
  }
  onTheme.push(() => { for (const card of drawn.keys()) draw(card); });
}

addEventListener("DOMContentLoaded", beginFigures);
addEventListener("scroll", () => { const box = one("#tooltip"); if (box) box.hidden = true; }, { passive: true, capture: true });
