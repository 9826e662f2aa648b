// Elements are made of text, never of markup: whatever a label or an answer holds, it is shown and nothing else.

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function drawing(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A name that may be broken where its parts meet. */
function breakable(text) {
  return text.split(/(?<=[/_])/u).flatMap((part, place) => (place ? [element("wbr"), part] : [part]));
}

const parsed = {};
function data(name) {
  return (parsed[name] ??= JSON.parse(document.getElementById(`${name}-data`).textContent));
}

/** Data whose like parts are kept once, put together. */
function whole(value, parts) {
  if (Array.isArray(value)) return value.map((one) => whole(one, parts));
  if (value === null || typeof value !== "object") return value;
  if (Object.hasOwn(value, "$")) return whole(parts[value.$], parts);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, whole(one, parts)]));
}

function say(text) {
  one("#said").textContent = "";
  requestAnimationFrame(() => { one("#said").textContent = text; });
}

/** A table of plain cells: heads are [title, set to the right]. */
function plainTable(heads, lines) {
  const head = element("tr", {}, ...heads.map(([title, right]) => element("th", { scope: "col", class: right && "right" }, title)));
  const body = lines.map((cells) => element("tr", {}, ...cells.map((cell, place) =>
    element(place ? "td" : "th", { scope: place ? null : "row", class: heads[place][1] && "right", dir: "auto" }, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

// What a reader chose is kept where the browser allows it for a file.
const kept = {
  get(name) { try { return localStorage.getItem(`leaderboard-${name}`); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(`leaderboard-${name}`, value); } catch { /* not here */ } },
};

document.documentElement.classList.add("script");
