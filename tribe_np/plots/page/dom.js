// Elements, made and found. Whatever comes from a file is set as text: markup in a word or a title is shown, never run.

export function byId(id) {
  return document.getElementById(id);
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children); // strings become text nodes
  return made;
}

// A choice box filled with [value, words] pairs.
export function fillChoice(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, words]) => element("option", { value }, words)));
  select.value = String(chosen);
}

// What a screen reader is told: what was just done, and nothing that moves with time.
export function announce(words) {
  byId("live").textContent = words;
}

export function calmMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
