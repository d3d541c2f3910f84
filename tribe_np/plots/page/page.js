// The page as a whole: what is chosen (the store), when (the player), and those who show it.

import { Address } from "./address.js";
import { Brain } from "./brain.js";
import { Choice } from "./choice.js";
import { readLayer, readRegions } from "./decode.js";
import { announce, byId } from "./dom.js";
import { Hover } from "./hover.js";
import { MOST_CURVES } from "./inks.js";
import { startKeys } from "./keys.js";
import { firstLook, Look, shapeWords } from "./look.js";
import { showHead, showNotes } from "./notes.js";
import { Places } from "./places.js";
import { Player } from "./player.js";
import { startPrinting } from "./printing.js";
import { showScale } from "./scale.js";
import { Stimuli } from "./stimulus.js";
import { Store } from "./store.js";
import { startTheme } from "./theme.js";
import { Transport } from "./transport.js";
import { vertexAt } from "./values.js";
import { clockWords, valueWords } from "./wording.js";

const FIRST_SHAPE = 1; // inflated: what lies in the sulci is seen

export class Page {
  constructor(facts) {
    this.facts = facts;
    this.layers = new Map();
    this.isDirty = true;
    this.player = new Player({ end: 1, onchange: () => this.touch(), onbroken: () => this.stimuli.sayBroken() });
    this.brain = new Brain(facts, () => this.touch());
    this.stimuli = new Stimuli(facts, this.player, (seconds) => this.seek(seconds));
    this.store = new Store({
      layer: 0,
      align: "stimulus",
      shape: Math.min(FIRST_SHAPE, facts.mesh.shapes.length - 1),
      outlines: false,
      chosen: [],
      ...firstLook(facts.layers[0]),
    });
  }

  async start() {
    const { facts } = this;
    showHead(facts);
    showNotes(facts);
    this.places = new Places(facts, await readRegions(facts));
    const known = (facts.parcellation?.default_regions ?? []).filter((name) => this.places.isKnown(name));
    this.store.set({ chosen: known.slice(0, MOST_CURVES) });
    await this.brain.start();
    this.brain.setRegions(this.places.regionOf); // a region is marked whether outlines are shown or not
    this.startParts();
    await this.useLayer();
    this.startWatching();
    this.showAll();
    await this.address.use();
    this.startLoop();
  }

  startParts() {
    const seek = (seconds) => this.seek(seconds);
    const toggle = () => this.player.toggle();
    this.transport = new Transport(this.player, { ontoggle: toggle, onseek: seek });
    this.choice = new Choice(this, seek);
    this.address = new Address(this);
    this.look = new Look(this.facts, this.store, {
      onview: (name) => this.brain.view(name),
      onshape: (shape) => this.brain.glideTo(shape, (at) => this.store.set({ shape: at })),
    });
    this.hover = new Hover(this.brain.canvas, {
      ask: (x, y) => this.brain.pick(x, y),
      tell: (vertex) => this.tell(vertex),
      onpick: (vertex) => this.choice.toggleVertex(vertex),
    });
    this.brain.canvas.addEventListener("keydown", (event) => event.key === "Enter" && this.pickMiddle());
    startKeys({
      toggle,
      step: (by) => seek(this.player.position + by),
      flip: () => this.store.set({ align: this.store.now.align === "bold" ? "stimulus" : "bold" }),
    });
    startTheme(() => this.redraw());
    startPrinting(() => this.redraw());
    for (const name of ["pointerup", "keyup", "wheel"]) {
      this.brain.canvas.addEventListener(name, () => this.address.keep(), { passive: true });
    }
  }

  startWatching() {
    const { store } = this;
    store.watch(["layer"], () => {
      this.changing = this.changeLayer();
    });
    store.watch(["align"], () => this.setEnd());
    store.watch(["align", "chosen"], () => this.choice.show());
    store.watch(["map", "low", "high", "threshold"], () => this.showColours());
    store.watch(["shape"], (now) => this.brain.setShape(now.shape));
    store.watch(["outlines"], (now) => this.brain.setOutlines(now.outlines ? this.places.regionOf : null));
    store.watch(Object.keys(store.now), () => {
      this.touch();
      this.address.keep();
    });
  }

  // Layers

  get layerFacts() {
    return this.facts.layers[this.store.now.layer];
  }

  readLayerOnce(index) {
    if (!this.layers.has(index)) this.layers.set(index, readLayer(this.facts, this.facts.layers[index]));
    return this.layers.get(index);
  }

  async useLayer() {
    const wanted = this.store.now.layer;
    const layer = await this.readLayerOnce(wanted);
    if (this.store.now.layer !== wanted) return; // another was chosen meanwhile
    this.layer = layer;
    await this.stimuli.use(this.layerFacts.stimulus ?? 0);
    this.brain.setLayer(layer);
    this.setEnd();
  }

  async changeLayer() {
    this.store.set(firstLook(this.layerFacts));
    await this.useLayer();
    this.showAll();
    announce(`Layer ${this.layerFacts.name}`);
  }

  get offset() {
    return this.layer.clock.offset;
  }

  get shift() {
    return this.store.now.align === "bold" ? this.offset : 0;
  }

  // The page goes on until the stimulus is over and, in BOLD time, until the response to its last second is.
  setEnd() {
    const { starts, tr, isStatic } = this.layer.clock;
    const rows = isStatic || !starts.length ? 0 : starts[starts.length - 1] + tr + this.shift;
    this.player.setEnd(Number(Math.max(0.1, this.stimuli.end, rows).toFixed(3)));
  }

  // What is shown

  showAll() {
    this.showColours();
    this.brain.setShape(this.store.now.shape);
    this.brain.setOutlines(this.store.now.outlines ? this.places.regionOf : null);
    this.choice.show();
    this.touch();
  }

  showColours() {
    const { map, low, high, threshold } = this.store.now;
    const table = this.brain.table(map, this.layerFacts.is_diverging);
    this.brain.setColours(table, low, high, threshold);
    showScale({ table, low, high, threshold }, this.layerFacts);
  }

  redraw() {
    this.choice.redraw();
    this.brain.draw();
    this.touch();
  }

  // Time

  seek(seconds) {
    const done = this.player.seek(seconds);
    this.address.keep();
    return done.then(() => this.show(performance.now()));
  }

  touch() {
    this.isDirty = true;
  }

  startLoop() {
    const step = (now) => {
      if (this.player.playing || this.isDirty || this.brain.scene?.needsDraw) this.show(now);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  show(now) {
    const wasPlaying = this.isShownPlaying;
    const seconds = this.player.tick(now);
    const { align } = this.store.now;
    if (this.isDirty) this.transport.show();
    this.isDirty = false;
    this.isShownPlaying = this.player.playing;
    this.transport.update(seconds);
    this.stimuli.update(seconds);
    this.brain.show(seconds, align, this.layer.clock.isStatic, this.player.playing);
    this.choice.update(seconds);
    this.hover.refresh();
    if (!this.player.playing) {
      byId("cortex-words").textContent = this.cortexWords(seconds);
      if (wasPlaying) this.address.keep();
    }
  }

  // The cortex in words, for those who do not see it.
  cortexWords(seconds) {
    const { align, shape } = this.store.now;
    const isStatic = this.layer.clock.isStatic;
    const when = isStatic
      ? "a map without time"
      : `${align === "bold" ? "BOLD" : "stimulus"} time ${clockWords(seconds)}`;
    const values = this.choice
      .valuesAt(seconds)
      .map((value, place) => `${this.choice.lines[place].shown} ${this.words(value)}`);
    const means = values.length ? `Means: ${values.join(", ")}.` : "No region is chosen.";
    return `${shapeWords(shape, this.facts.mesh.shapes)} surface, layer ${this.layerFacts.name}, ${when}. ${means}`;
  }

  words(value) {
    return valueWords(value, this.store.now.high - this.store.now.low);
  }

  // What lies under the pointer.
  tell(vertex) {
    const value = vertexAt(this.layer, vertex, this.player.position, this.store.now.align);
    const unit = Number.isFinite(value) && this.layerFacts.unit ? `  ${this.layerFacts.unit}` : "";
    return {
      name: this.places.regionName(vertex) || (this.places.hasRegions ? "no region" : `vertex ${vertex}`),
      place: `${this.places.hemisphereOf(vertex)} hemisphere, vertex ${vertex}`,
      value: this.words(value) + this.beyondWords(value) + unit,
    };
  }

  // An end of the ladder of stored values stands for whatever lies beyond it, where some values do.
  beyondWords(value) {
    const { low, high, step, n_clipped: nClipped } = this.layerFacts;
    if (!nClipped) return "";
    if (value >= high - step / 2) return " or more";
    return value <= low + step / 2 ? " or less" : "";
  }

  pickMiddle() {
    const { clientWidth, clientHeight } = this.brain.canvas;
    const vertex = this.brain.pick(clientWidth / 2, clientHeight / 2);
    if (vertex === null) announce("The middle of the picture is empty");
    else this.choice.toggleVertex(vertex);
  }
}
