// Keys, the command that is copied, and the menu that closes.

const shortcuts = {
  "/": () => one("#find").focus(),
  m: () => one("#metric")?.focus(),
  t: nextTheme,
  j: () => { ensureAnswers(); move(1); },
  k: () => { ensureAnswers(); move(-1); },
  "?": () => one("#keys").showModal(),
};
const single = one("#single-keys");
single.checked = kept.get("keys") !== "off";
single.addEventListener("change", () => kept.set("keys", single.checked ? "on" : "off"));

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea");
  if (event.key === "Escape" && one("#columns")?.open) {
    one("#columns").open = false;
    one("#columns summary").focus();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !single.checked || one("dialog[open]")) return;
  const part = /^[1-9]$/.test(event.key) && all(".bar nav a")[Number(event.key)];
  const act = part ? () => part.click() : shortcuts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
addEventListener("click", (event) => {
  const menu = one("#columns");
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});
one("#keys-open").addEventListener("click", () => one("#keys").showModal());

one("#copy").addEventListener("click", async () => {
  const text = one("#command").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a browser that gives no clipboard to a file: the text is selected instead
    getSelection().selectAllChildren(one("#command"));
    return say("Selected; copy it with the keys of your system");
  }
  one("#copy").textContent = "Copied";
  setTimeout(() => { one("#copy").textContent = "Copy"; }, 2000);
  say("Copied");
});
