// The list of regions with its search; where the page has no parcellation, a box for the number of a vertex.

import { byId, element } from "./dom.js";
import { countWords } from "./wording.js";

function foldedWords(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

export class RegionList {
  constructor(places, ontoggle) {
    this.places = places;
    this.list = byId("region-list");
    this.search = byId("region-search");
    this.items = new Map();
    this.ontoggle = ontoggle;
    if (places.hasRegions) this.startRegions();
    else this.startVertices();
  }

  startRegions() {
    const inOrder = new Intl.Collator("en", { numeric: true }).compare;
    for (const name of [...this.places.names].sort(inOrder)) {
      const box = element("input", { type: "checkbox" });
      box.addEventListener("change", () => this.ontoggle(name));
      const label = element("label", {}, box, element("span", {}, name));
      this.items.set(name, { box, row: element("li", {}, label), words: foldedWords(name) });
    }
    this.list.replaceChildren(...[...this.items.values()].map(({ row }) => row));
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.search.addEventListener("input", () => this.filter());
    this.search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const first = [...this.items].find(([, item]) => !item.row.hidden);
      if (first && this.search.value.trim()) this.ontoggle(first[0]);
    });
    this.filter();
  }

  // One stop for the tab key; within the list arrows go from region to region.
  walk(event) {
    const boxes = [...this.list.querySelectorAll("li:not([hidden]) input")];
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -boxes.length, End: boxes.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = boxes.indexOf(event.target) + step;
    const next = boxes[Math.min(boxes.length - 1, Math.max(0, at))];
    this.makeStop(next);
    next.focus();
  }

  makeStop(box) {
    for (const item of this.items.values()) item.box.tabIndex = item.box === box ? 0 : -1;
  }

  startVertices() {
    byId("regions-heading").textContent = "Plot a vertex by its number";
    this.list.hidden = true;
    this.search.setAttribute("inputmode", "numeric");
    const last = this.places.nVertices - 1;
    byId("region-count").textContent =
      `This page has no parcellation: curves are those of single vertices, 0 to ${last}. A click on the cortex plots one.`;
    this.search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const name = `vertex ${this.search.value.trim()}`;
      if (this.places.isKnown(name)) {
        this.ontoggle(`vertex ${Number(this.search.value)}`);
        this.search.value = "";
      } else {
        byId("region-count").textContent = `There is no such vertex: a number from 0 to ${last} is one.`;
      }
    });
  }

  filter() {
    const wanted = foldedWords(this.search.value.trim());
    const starts = [];
    let n = 0;
    for (const { row, words } of this.items.values()) {
      row.hidden = !words.includes(wanted);
      if (!row.hidden) n += 1;
      if (wanted && words.startsWith(wanted)) starts.push(row);
    }
    if (wanted) this.list.prepend(...starts);
    this.makeStop(this.list.querySelector("li:not([hidden]) input"));
    const all = countWords(this.items.size, "region");
    byId("region-count").textContent = wanted ? `${n} of ${all}` : all;
  }

  show(chosen) {
    const names = new Set(chosen);
    for (const [name, { box }] of this.items) box.checked = names.has(name);
  }
}
