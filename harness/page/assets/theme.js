// Light, dark, or as the system has it.

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const themes = { auto: ["◐", "as the system has them"], light: ["☀", "light"], dark: ["☾", "dark"] };
const onTheme = [];
let theme = Object.hasOwn(themes, kept.get("theme") ?? "") ? kept.get("theme") : "auto";

const isDark = () => (theme === "auto" ? systemDark.matches : theme === "dark");

function showTheme() {
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
  document.documentElement.classList.toggle("dark", isDark());
  one("#theme").textContent = themes[theme][0];
  one("#theme").setAttribute("aria-label", `Colours: ${themes[theme][1]}`);
  one("#theme").title = `Colours: ${themes[theme][1]}`;
  for (const call of onTheme) call();
}

function nextTheme() {
  const names = Object.keys(themes);
  theme = names[(names.indexOf(theme) + 1) % names.length];
  kept.set("theme", theme);
  showTheme();
  say(`Colours: ${themes[theme][1]}`);
}

one("#theme").addEventListener("click", nextTheme);
systemDark.addEventListener("change", () => { if (theme === "auto") showTheme(); });
showTheme();
