// The controls of how the cortex is shown: layer, time that the colours stand for, view, shape, colours, outlines.

import { byId, element, fillChoice } from "./dom.js";
import { valueWords } from "./wording.js";

const VIEW_WORDS = {
  left: "Left",
  right: "Right",
  medial_left: "Left inside",
  medial_right: "Right inside",
  dorsal: "Top",
  ventral: "Bottom",
  anterior: "Front",
  posterior: "Back",
};
const MAP_WORDS = {
  RdBu_r: "blue to red (RdBu)",
  cividis: "cividis",
  viridis: "viridis",
  inferno: "inferno",
  magma: "magma",
  plasma: "plasma",
};

// Limits that a layer offers: [name, [low, high]], by percentile.
export function limitsOf(layer) {
  if (layer.percentile_limits) return Object.entries(layer.percentile_limits);
  const low = layer.is_diverging ? null : layer.limits[0];
  return Object.entries(layer.percentiles ?? {}).map(([name, value]) => [name, [low ?? -value, value]]);
}

// What a layer begins with: its own map and limits, and no threshold.
export function firstLook(layer) {
  const percentile = String(layer.percentile ?? 99);
  const isNamed = limitsOf(layer).some(([name]) => name === percentile);
  const [low, high] = layer.limits;
  return { map: layer.colour_map, limit: isNamed ? percentile : "own", low, high, threshold: 0 };
}

export function shapeWords(shape, names) {
  const before = Math.floor(shape);
  const part = shape - before;
  if (part < 0.02) return names[before];
  if (part > 0.98) return names[before + 1];
  return `between ${names[before]} and ${names[before + 1]}`;
}

export class Look {
  constructor(facts, store, { onview, onshape }) {
    Object.assign(this, { facts, store, onview, onshape });
    this.shapes = facts.mesh.shapes;
    this.startChoices();
    this.startViews();
    this.startShape();
    this.startColours();
    store.watch(["layer", "align", "shape", "map", "limit", "low", "high", "threshold", "outlines"], () => this.show());
    this.show();
  }

  get layer() {
    return this.facts.layers[this.store.now.layer];
  }

  startChoices() {
    const { facts, store } = this;
    fillChoice(
      byId("layer"),
      facts.layers.map((layer, index) => [index, layer.name]),
      store.now.layer,
    );
    byId("layer-field").hidden = facts.layers.length < 2;
    byId("layer").addEventListener("change", (event) => store.set({ layer: Number(event.target.value) }));
    byId("align").addEventListener("change", (event) => store.set({ align: event.target.value }));
  }

  startViews() {
    byId("views").replaceChildren(
      ...Object.entries(VIEW_WORDS).map(([name, words]) => {
        const button = element("button", { type: "button", "data-view": name }, words);
        button.addEventListener("click", () => this.onview(name));
        return button;
      }),
    );
  }

  startShape() {
    const slider = byId("shape");
    slider.max = String(Math.max(0, this.shapes.length - 1));
    slider.addEventListener("input", () => this.store.set({ shape: Number(slider.value) }));
    byId("shape-names").replaceChildren(
      ...this.shapes.map((name, shape) => {
        const button = element("button", { type: "button" }, name);
        button.addEventListener("click", () => this.onshape(shape));
        return button;
      }),
    );
    slider.closest(".shape-field").hidden = this.shapes.length < 2;
  }

  startColours() {
    const { store } = this;
    fillChoice(
      byId("map"),
      Object.keys(this.facts.colour_maps).map((name) => [name, MAP_WORDS[name] ?? name]),
      store.now.map,
    );
    byId("map").addEventListener("change", (event) => store.set({ map: event.target.value }));
    byId("limit").addEventListener("change", (event) =>
      store.set({ limit: event.target.value, ...this.limitsNamed(event.target.value) }),
    );
    for (const side of ["low", "high"]) {
      byId(side).addEventListener("change", () => {
        const [low, high] = [byId("low").valueAsNumber, byId("high").valueAsNumber];
        const isRight = Number.isFinite(low) && Number.isFinite(high) && low < high;
        byId(side).setAttribute("aria-invalid", String(!isRight));
        byId(side).setCustomValidity(isRight ? "" : "A number; the first limit below the second.");
        byId(side).reportValidity();
        if (isRight) store.set({ limit: "own", low, high });
      });
    }
    byId("threshold").addEventListener("input", (event) => store.set({ threshold: Number(event.target.value) }));
    byId("outlines").addEventListener("change", (event) => store.set({ outlines: event.target.checked }));
    byId("outlines-field").hidden = !this.facts.parcellation;
  }

  // { low, high } of a percentile of the layer; nothing for one's own limits, which stay as they are.
  limitsNamed(name) {
    const found = limitsOf(this.layer).find(([percentile]) => percentile === name);
    return found ? { low: found[1][0], high: found[1][1] } : {};
  }

  show() {
    const { now } = this.store;
    const span = now.high - now.low;
    byId("layer").value = String(now.layer);
    for (const radio of byId("align").querySelectorAll("input")) radio.checked = radio.value === now.align;
    byId("shape").value = String(now.shape);
    byId("shape").setAttribute("aria-valuetext", shapeWords(now.shape, this.shapes));
    for (const [shape, button] of [...byId("shape-names").children].entries())
      button.setAttribute("aria-pressed", String(Math.abs(now.shape - shape) < 0.02));
    byId("map").value = now.map;
    const limits = limitsOf(this.layer).map(([name, [low, high]]) => [
      name,
      `${name} % (${valueWords(low, high - low)} to ${valueWords(high, high - low)})`,
    ]);
    fillChoice(byId("limit"), [...limits, ["own", "my own"]], now.limit);
    byId("own-limits").hidden = now.limit !== "own";
    for (const side of ["low", "high"]) {
      if (document.activeElement !== byId(side)) byId(side).value = String(Number(now[side].toPrecision(4)));
    }
    const most = Math.max(Math.abs(now.low), Math.abs(now.high));
    Object.assign(byId("threshold"), { max: String(most), step: String(most / 100), value: String(now.threshold) });
    byId("threshold-value").textContent =
      now.threshold > 0 ? `|value| ≥ ${valueWords(now.threshold, span)}` : "nothing hidden";
    byId("outlines").checked = now.outlines;
    const offset = this.layer.hemodynamic_offset ?? this.facts.time.hemodynamic_offset;
    byId("align").hidden = Boolean(this.layer.is_static) || !offset;
    byId("align-words").textContent = this.momentWords(offset);
  }

  momentWords(offset) {
    if (this.layer.is_static) return "This layer is one map without time.";
    if (!offset) return "The colours show the values of this moment.";
    return this.store.now.align === "bold"
      ? `The colours show the BOLD of this moment: the response to what was on ${offset} s before.`
      : `The colours show the response to what is on now; its BOLD follows ${offset} s later.`;
  }
}
