// The chosen regions (or vertices): their lines with the colour of each, and whoever shows them.

import { Curves } from "./curves.js";
import { announce, byId } from "./dom.js";
import { MOST_CURVES } from "./inks.js";
import { Legend, showTable } from "./legend.js";
import { RegionList } from "./regions.js";
import { seriesAt } from "./values.js";

export class Choice {
  constructor(page, onseek) {
    this.page = page;
    this.slots = new Map(); // name -> number of its colour, which it keeps while others come and go
    this.lines = [];
    this.curves = new Curves(onseek);
    this.legend = new Legend({ ondrop: (name) => this.drop(name), onpoint: (name) => this.point(name) });
    this.list = new RegionList(page.places, (name) => this.toggle(name));
    byId("table").addEventListener("toggle", () => this.showTable());
  }

  get names() {
    return this.page.store.now.chosen;
  }

  show() {
    const { places, layer, shift, player } = this.page;
    this.giveSlots();
    this.lines = this.names.map((name) => ({
      name,
      shown: places.shownName(name),
      slot: this.slots.get(name),
      series: places.series(layer, name),
    }));
    this.curves.load({ lines: this.lines, clock: layer.clock, shift, end: player.end });
    this.legend.load(this.lines);
    this.list.show(this.names);
    const things = places.hasRegions ? "Regions" : "Vertices";
    byId("curves-heading").textContent = layer.clock.isStatic ? things : `${things} over time`;
    byId("curves-words").textContent = this.words();
    this.showTable();
    this.page.touch();
  }

  giveSlots() {
    for (const name of this.slots.keys()) if (!this.names.includes(name)) this.slots.delete(name);
    for (const name of this.names) {
      if (this.slots.has(name)) continue;
      const taken = new Set(this.slots.values());
      this.slots.set(name, [...Array(MOST_CURVES).keys()].find((slot) => !taken.has(slot)) ?? 0);
    }
  }

  words() {
    const { places, layer, layerFacts, offset, shift } = this.page;
    const of = places.hasRegions
      ? "Mean over the vertices of each region"
      : "Values of single vertices, as this page has no parcellation";
    const unit = layerFacts.unit ? ` (${layerFacts.unit})` : "";
    const empty = this.lines.length ? "" : " None is chosen: click on the cortex or pick one beside the curves.";
    if (layer.clock.isStatic) return `${of}${unit}. This layer is one map without time.${empty}`;
    const at = shift
      ? ` Each value stands ${offset} s after what it responds to.`
      : offset
        ? " Each value stands at the moment of the stimulus it responds to."
        : "";
    return `${of}${unit}.${at}${empty}`;
  }

  showTable() {
    if (!byId("table").open) return;
    const { places, layer, layerFacts, shift, player } = this.page;
    const what = `${places.hasRegions ? "Mean of each region" : "Values of vertices"}, ${layerFacts.unit || "no unit"}`;
    showTable({ lines: this.lines, clock: layer.clock, shift, time: player.position, what });
  }

  redraw() {
    this.curves.draw();
    this.legend.load(this.lines);
  }

  // Values of the lines at a time of the page.
  valuesAt(seconds) {
    const { layer, store } = this.page;
    return this.lines.map(({ series }) => seriesAt(series, layer.clock, seconds, store.now.align));
  }

  update(seconds) {
    const { store, offset } = this.page;
    const { range } = this.curves;
    this.curves.moveTo(seconds, store.now.align === "bold" ? -offset : offset);
    this.legend.update(this.valuesAt(seconds), range[1] - range[0]);
  }

  toggle(name) {
    const shown = this.page.places.shownName(name);
    if (this.names.includes(name)) {
      this.page.store.set({ chosen: this.names.filter((other) => other !== name) });
      announce(`${shown} taken away`);
    } else if (this.names.length >= MOST_CURVES) {
      byId("curves-words").textContent = `${MOST_CURVES} curves are as many as can be told apart: take one away first.`;
      announce(byId("curves-words").textContent);
      this.list.show(this.names);
    } else {
      this.page.store.set({ chosen: [...this.names, name] });
      announce(`${shown} plotted`);
    }
  }

  // From the legend: the focus goes to the next entry, as the one that had it is gone.
  drop(name) {
    const place = this.names.indexOf(name);
    this.toggle(name);
    this.legend.focusAt(place);
  }

  toggleVertex(vertex) {
    const name = this.page.places.nameAt(vertex);
    if (name) this.toggle(name);
    else announce("No region there");
  }

  point(name) {
    const { places, brain } = this.page;
    brain.highlight(name === null ? null : (places.indexOf.get(name) ?? null));
    this.curves.pointAt(name === null ? null : this.lines.findIndex((line) => line.name === name));
    this.page.touch();
  }
}
