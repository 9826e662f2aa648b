// What models answered: one prompt at a time, every row's answer beside the others. Text and nothing else.

const grid = one("#answer-grid");

/** Text with every place marked at which something sought stands. */
function marked(text, needle) {
  if (!needle) return [text];
  const found = [];
  const folded = text.toLowerCase();
  let from = 0;
  for (let at = folded.indexOf(needle); at >= 0 && folded.length === text.length; at = folded.indexOf(needle, from)) {
    found.push(text.slice(from, at), element("mark", {}, text.slice(at, at + needle.length)));
    from = at + needle.length;
  }
  return [...found, text.slice(from)];
}

function beginAnswers() {
  const { metrics: judged, higher, first, prompts } = data("answer");
  const select = one("#prompt");
  const needle = () => one("#find-answers").value.trim().toLowerCase();
  const texts = prompts.map((p) => [p.item, p.prompt, ...p.answers.map(([, text]) => text)].join("\n").toLowerCase());
  const several = new Set(prompts.map((p) => p.evaluator)).size > 1;
  one("#answer-order").append(...judged.map((name, place) => element("option", { value: place }, `by ${name}`)));

  function list() {
    const before = select.value;
    const found = prompts.flatMap((prompt, place) => (texts[place].includes(needle()) ? [[prompt, place]] : []));
    select.replaceChildren(...found.map(([prompt, place]) =>
      element("option", { value: place }, `${several ? `${prompt.evaluator} · ` : ""}${place + 1} · ${prompt.opening}`)));
    if (found.some(([, place]) => String(place) === before)) select.value = before;
    show();
  }

  function ordered(prompt) {
    const by = one("#answer-order").value;
    const which = one("#answer-rows").value;
    const hidden = new Set(lines.filter((line) => line.hidden).map((line) => Number(line.dataset.row)));
    const kept = prompt.answers.filter(([row]) => (which === "contenders" ? board.rows[row].competes : which === "shown" ? !hidden.has(row) : true));
    if (by === "") return kept;
    const sign = higher[by] === false ? 1 : -1;
    const value = (answer) => answer[4][by]?.[0] ?? -sign * Infinity;
    return [...kept].sort((a, b) => sign * (value(a) - value(b)) || a[0] - b[0]);
  }

  function chips(verdicts, best) {
    const order = [...first, ...judged.map((_, place) => place).filter((place) => !first.includes(place))];
    const shown = one("#all-verdicts").checked || !first.length ? order : first;
    return shown.flatMap((place) => {
      const found = verdicts[place];
      if (found === null) return [];
      const top = best[place] !== null && found[0] === best[place];
      return [element("span", { class: `chip${top ? " top" : ""}`, title: top ? "the best of these" : null }, ...breakable(judged[place]), " ", element("b", {}, found[1]), top ? " ▴" : "")];
    });
  }

  /** Per metric the best value among the answers; null where all are alike or neither way is better. */
  function bests(answers) {
    return judged.map((_, place) => {
      const values = answers.map((answer) => answer[4][place]?.[0]).filter((value) => value !== undefined);
      if (higher[place] === null || new Set(values).size < 2) return null;
      return higher[place] ? Math.max(...values) : Math.min(...values);
    });
  }

  function card([row, text, finished, cut, verdicts], best) {
    const found = board.rows[row];
    const flags = [...(finished ? [] : ["unfinished"]), ...(cut ? ["cut here"] : [])];
    return element("article", { class: `answer${found.competes ? "" : " aside"}`, "data-row": row },
      element("h4", {}, element("span", { class: "sign", "aria-hidden": "true" }, found.sign), " ", element("span", { dir: "auto" }, found.label),
        ...flags.map((flag) => element("span", { class: "flag" }, flag))),
      element("div", { class: "text", dir: "auto" }, ...(text ? marked(text, needle()) : [element("span", { class: "nothing" }, "empty answer")])),
      element("div", { class: "chips" }, ...chips(verdicts, best)));
  }

  function show() {
    const prompt = prompts[Number(select.value)];
    const place = select.selectedIndex;
    one("#answer-count").textContent = select.length ? `${place + 1} of ${select.length} prompts` : "no prompt has that";
    one("#previous").disabled = place <= 0;
    one("#next").disabled = place < 0 || place >= select.length - 1;
    if (place < 0) return grid.replaceChildren(), one("#prompt-text").replaceChildren();
    const answers = ordered(prompt);
    const best = bests(answers);
    one("#prompt-text").replaceChildren(
      element("h3", {}, "Prompt ", element("span", { class: "id", dir: "auto" }, prompt.item)),
      element("div", { class: "text", dir: "auto" }, ...marked(prompt.prompt, needle())));
    grid.replaceChildren(...answers.map((answer) => card(answer, best)));
  }

  move = (by) => {
    const to = select.selectedIndex + by;
    if (to < 0 || to >= select.length) return;
    select.selectedIndex = to;
    show();
  };
  one("#previous").addEventListener("click", () => move(-1));
  one("#next").addEventListener("click", () => move(1));
  select.addEventListener("change", show);
  one("#find-answers").addEventListener("input", list);
  for (const id of ["answer-rows", "answer-order", "all-verdicts"]) one(`#${id}`).addEventListener("change", show);
  onFilter.push(() => { if (one("#answer-rows").value === "shown") show(); });
  list();
}

let move = () => {};
let answersBegun = !grid;
function ensureAnswers() {
  if (answersBegun) return;
  answersBegun = true;
  beginAnswers();
}
if (grid) {
  const near = new IntersectionObserver(([entry]) => { if (entry.isIntersecting) { near.disconnect(); ensureAnswers(); } }, { rootMargin: "600px" });
  near.observe(one("#answers"));
}
