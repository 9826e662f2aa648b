// On paper everything is open. Charts take a moment to draw, so what is far down is drawn when there is nothing to do.

let opened = [];
let swapped = [];
addEventListener("beforeprint", () => {
  ensureAnswers();
  opened = all("details:not([open]):not(.menu):not(.data)");
  for (const fold of opened) fold.open = true;
  swapped = all(".sort", ranking).map((button) => [button, element("span", {}, ...button.cloneNode(true).childNodes)]); // heads that are repeated on every page lose their buttons
  for (const [button, plain] of swapped) button.replaceWith(plain);
});
addEventListener("afterprint", () => {
  for (const fold of opened) fold.open = false;
  opened = [];
  for (const [button, plain] of swapped) plain.replaceWith(button);
  swapped = [];
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
