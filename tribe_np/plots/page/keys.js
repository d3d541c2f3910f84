// Keys of the whole page. What has the focus comes first: a slider keeps its arrows, a box its letters.

const ACTING = "button, summary, a, label, [role=button]";

function isTyping(target) {
  return target.closest("select, textarea, input:not([type=range]):not([type=checkbox]):not([type=radio])") !== null;
}

export function startKeys({ toggle, step, flip }) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    const isOnControl = event.target.closest(`${ACTING}, input[type=checkbox], input[type=radio]`) !== null;
    const letter = event.key.toLowerCase();
    if (event.key === " " && !isOnControl) toggle();
    else if (letter === "k") toggle();
    else if (letter === "j") step(-1);
    else if (letter === "l") step(1);
    else if (letter === "b") flip();
    else return;
    event.preventDefault();
  });
}
