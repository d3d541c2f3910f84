// The chosen regions: colour, name, value now, a button that takes each away; and all their values as a table.

import { byId, element } from "./dom.js";
import { inkOf } from "./inks.js";
import { clockWords, countWords, valueWords } from "./wording.js";

const MOST_ROWS = 600;
const SVG = "http://www.w3.org/2000/svg";

function swatch(slot) {
  const ink = inkOf(slot);
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 26 6");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({
    x1: 1,
    y1: 3,
    x2: 25,
    y2: 3,
    stroke: ink.colour,
    "stroke-width": 3,
    "stroke-dasharray": ink.dash.join(" ") || "none",
  })) {
    line.setAttribute(name, String(value));
  }
  drawing.append(line);
  return drawing;
}

export class Legend {
  constructor({ ondrop, onpoint }) {
    this.list = byId("legend");
    this.values = [];
    Object.assign(this, { ondrop, onpoint });
  }

  load(lines) {
    this.values = lines.map(() => element("span", { class: "legend-value" }));
    this.list.replaceChildren(
      ...lines.map((line, place) => {
        const drop = element("button", { type: "button", class: "drop", "aria-label": `Take ${line.shown} away` }, "×");
        drop.addEventListener("click", () => this.ondrop(line.name));
        const item = element(
          "li",
          {},
          swatch(line.slot),
          element("span", { class: "legend-name" }, line.shown),
          this.values[place],
          drop,
        );
        item.addEventListener("pointerenter", () => this.onpoint(line.name));
        item.addEventListener("pointerleave", () => this.onpoint(null));
        return item;
      }),
    );
  }

  focusAt(place) {
    const drops = this.list.querySelectorAll("button");
    (drops[Math.min(place, drops.length - 1)] ?? byId("region-search")).focus();
  }

  update(values, span) {
    values.forEach((value, place) => {
      const words = Number.isFinite(value) ? valueWords(value, span) : "–";
      if (this.values[place] && this.values[place].textContent !== words) this.values[place].textContent = words;
    });
  }
}

// Rows of the layer, with times as the page counts them; of long ones those around `time`.
export function showTable({ lines, clock, shift, time, what }) {
  const box = byId("table-scroll");
  const n = lines[0]?.series.length ?? 0;
  if (!n) {
    box.replaceChildren(element("p", { class: "plain" }, "No region is chosen."));
    return;
  }
  const isStatic = Boolean(clock.isStatic);
  const middle = isStatic ? 0 : clock.starts.findIndex((start) => start + shift >= time);
  const first = n <= MOST_ROWS ? 0 : Math.max(0, Math.min(n - MOST_ROWS, (middle < 0 ? n : middle) - MOST_ROWS / 2));
  const last = Math.min(n, first + MOST_ROWS);
  const span = Math.max(
    ...lines.map(({ series }) =>
      series.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0),
    ),
  );
  const shownRows =
    last - first < n ? `rows ${first + 1} to ${last} of ${n}, around the time shown` : countWords(n, "row");
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, isStatic ? "Map" : "Time"),
    ...lines.map(({ shown }) => element("th", { scope: "col" }, shown)),
  );
  const rows = [];
  for (let row = first; row < last; row++) {
    const when = isStatic ? "value" : clockWords(clock.starts[row] + shift);
    rows.push(
      element(
        "tr",
        {},
        element("th", { scope: "row" }, when),
        ...lines.map(({ series }) => element("td", {}, valueWords(series[row], span))),
      ),
    );
  }
  const caption = element("caption", {}, `${what}; ${shownRows}`);
  box.replaceChildren(element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)));
}
