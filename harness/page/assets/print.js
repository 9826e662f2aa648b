// On paper everything is open. Charts take a moment to draw, so what is far down is drawn when there is nothing to do.

let opened = [];
addEventListener("beforeprint", () => {
  ensureAnswers();
  opened = all("details:not([open]):not(.menu):not(.data)");
  for (const fold of opened) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of opened) fold.open = false;
  opened = [];
});
const whenIdle = window.requestIdleCallback ?? ((call) => setTimeout(call, 500));
addEventListener("load", () => {
  const rest = () => {
    const card = cards.find((each) => !drawn.has(each));
    if (card) draw(card).then(() => whenIdle(rest));
    else ensureAnswers();
  };
  whenIdle(rest);
});
