// Light or dark: as the system has it until the reader chooses.

import { byId } from "./dom.js";

const KEY = "tribe-page-theme";

function storedTheme() {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null; // pages from disk may have no storage
  }
}

function storeTheme(theme) {
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // then the choice lasts as long as the page is open
  }
}

export function startTheme(onchange) {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = ["light", "dark"].includes(storedTheme()) ? storedTheme() : null;
  const button = byId("theme");
  const show = () => {
    const theme = chosen ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark"; // what a press brings
    onchange(theme);
  };
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    storeTheme(chosen);
    show();
  });
  system.addEventListener("change", show);
  show();
}
