// The page as a whole: what is chosen (the store), when (the player), and those who show it.

import { Brain } from "./brain.js";
import { Curves } from "./curves.js";
import { readBlob, readLayer } from "./decode.js";
import { announce, byId } from "./dom.js";
import { Hover } from "./hover.js";
import { MOST_CURVES } from "./inks.js";
import { startKeys } from "./keys.js";
import { Legend, showTable } from "./legend.js";
import { copyText, keepLink, linkOf, readLink } from "./link.js";
import { Look, limitsOf, shapeWords } from "./look.js";
import { showHead, showNotes } from "./notes.js";
import { Places } from "./places.js";
import { Player } from "./player.js";
import { startPrinting } from "./printing.js";
import { RegionList } from "./regions.js";
import { showScale } from "./scale.js";
import { Stimuli } from "./stimulus.js";
import { Store } from "./store.js";
import { startTheme } from "./theme.js";
import { Transport } from "./transport.js";
import { seriesAt, vertexAt } from "./values.js";
import { clockWords, valueWords } from "./wording.js";

const LINK_REST = 400; // ms after which a changed view is put in the address
const FIRST_SHAPE = 1; // inflated: what lies in the sulci is seen

export class Page {
  constructor(facts) {
    this.facts = facts;
    this.layers = new Map();
    this.slots = new Map(); // name of a chosen region -> number of its colour
    this.lines = [];
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
      ...this.lookOf(0),
    });
  }

  async start() {
    const { facts } = this;
    showHead(facts);
    showNotes(facts);
    const regionOf = facts.parcellation ? await readBlob("region_of", Uint16Array, facts.mesh.n_vertices) : null;
    this.places = new Places(facts, regionOf);
    this.store.set({ chosen: this.firstChosen() });
    await this.brain.start();
    const link = this.readAddress();
    this.startParts();
    await this.useLayer();
    this.startWatching();
    this.showAll();
    await this.useLink(link);
    this.startLoop();
  }

  lookOf(index) {
    const layer = this.facts.layers[index];
    const percentile = String(layer.percentile ?? 99);
    const isNamed = limitsOf(layer).some(([name]) => name === percentile);
    return {
      map: layer.colour_map,
      limit: isNamed ? percentile : "own",
      low: layer.limits[0],
      high: layer.limits[1],
      threshold: 0,
    };
  }

  firstChosen() {
    return (this.facts.parcellation?.default_regions ?? [])
      .filter((name) => this.places.isKnown(name))
      .slice(0, MOST_CURVES);
  }

  startParts() {
    const seek = (seconds) => this.seek(seconds);
    const toggle = () => this.player.toggle();
    this.transport = new Transport(this.player, { ontoggle: toggle, onseek: seek });
    this.curves = new Curves(seek);
    this.legend = new Legend({ ondrop: (name) => this.toggleChosen(name), onpoint: (name) => this.point(name) });
    this.list = new RegionList(this.places, (name) => this.toggleChosen(name));
    this.look = new Look(this.facts, this.store, {
      onview: (name) => this.brain.view(name),
      onshape: (shape) => this.brain.glideTo(shape, (at) => this.store.set({ shape: at })),
    });
    this.hover = new Hover(this.brain.canvas, {
      ask: (x, y) => this.brain.pick(x, y),
      tell: (vertex) => this.tell(vertex),
      onpick: (vertex) => this.pickVertex(vertex),
    });
    this.brain.canvas.addEventListener("keydown", (event) => event.key === "Enter" && this.pickMiddle());
    startKeys({
      toggle,
      step: (by) => seek(this.player.position + by),
      flip: () => this.store.set({ align: this.store.now.align === "bold" ? "stimulus" : "bold" }),
    });
    startTheme(() => this.redraw());
    startPrinting(() => this.redraw());
    byId("copy-link").addEventListener("click", () => this.copyLink());
    byId("table").addEventListener("toggle", () => this.showTable());
    for (const name of ["pointerup", "keyup", "wheel"])
      this.brain.canvas.addEventListener(name, () => this.keepAddress(), { passive: true });
    window.addEventListener("hashchange", () => this.useLink(this.readAddress()));
  }

  startWatching() {
    const { store } = this;
    store.watch(["layer"], () => {
      this.changing = this.changeLayer();
    });
    store.watch(["align"], () => this.setEnd());
    store.watch(["align", "chosen"], () => this.showChosen());
    store.watch(["map", "low", "high", "threshold"], () => this.showColours());
    store.watch(["shape"], (now) => this.brain.setShape(now.shape));
    store.watch(["outlines"], (now) => this.brain.setOutlines(now.outlines ? this.places.regionOf : null));
    store.watch(Object.keys(store.now), () => this.touch());
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
    this.store.set(this.lookOf(this.store.now.layer));
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
    this.showChosen();
    this.touch();
  }

  showColours() {
    const { map, low, high, threshold } = this.store.now;
    const { unit, step, is_diverging: isDiverging } = this.layerFacts;
    const table = this.brain.table(map, isDiverging);
    this.brain.setColours(table, low, high, threshold);
    showScale({ table, low, high, threshold, unit, step, isDiverging });
  }

  showChosen() {
    const { chosen } = this.store.now;
    for (const name of this.slots.keys()) if (!chosen.includes(name)) this.slots.delete(name);
    for (const name of chosen) {
      const taken = new Set(this.slots.values());
      if (!this.slots.has(name))
        this.slots.set(name, [...Array(MOST_CURVES).keys()].find((slot) => !taken.has(slot)) ?? 0);
    }
    this.lines = chosen.map((name) => ({
      name,
      shown: this.places.shownName(name),
      slot: this.slots.get(name),
      series: this.places.series(this.layer, name),
    }));
    const { clock } = this.layer;
    this.curves.load({ lines: this.lines, clock, shift: this.shift, end: this.player.end });
    this.legend.load(this.lines);
    this.list.show(chosen);
    byId("curves-heading").textContent =
      `${this.places.hasRegions ? "Regions" : "Vertices"}${clock.isStatic ? "" : " over time"}`;
    byId("curves-words").textContent = this.curveWords();
    this.showTable();
    this.touch();
  }

  curveWords() {
    const of = this.places.hasRegions
      ? "Mean over the vertices of each region"
      : "Values of single vertices, as this page has no parcellation";
    const unit = this.layerFacts.unit ? ` (${this.layerFacts.unit})` : "";
    const empty = this.lines.length ? "" : " None is chosen: click on the cortex or pick one from the list.";
    if (this.layer.clock.isStatic) return `${of}${unit}. This layer is one map without time.${empty}`;
    const at =
      this.store.now.align === "bold"
        ? `A curve stands ${this.offset} s later than the stimulus that it answers.`
        : "A curve stands where the stimulus is that it answers.";
    return `${of}${unit}. ${at}${empty}`;
  }

  showTable() {
    if (!byId("table").open) return;
    showTable({
      lines: this.lines,
      clock: this.layer.clock,
      shift: this.shift,
      time: this.player.position,
      unit: this.layerFacts.unit,
    });
  }

  redraw() {
    this.curves.draw();
    this.legend.load(this.lines);
    this.brain.draw();
    this.touch();
  }

  // Choosing

  toggleChosen(name) {
    const { chosen } = this.store.now;
    const shown = this.places.shownName(name);
    if (chosen.includes(name)) {
      this.store.set({ chosen: chosen.filter((other) => other !== name) });
      announce(`${shown} taken away`);
    } else if (chosen.length >= MOST_CURVES) {
      announce(`${MOST_CURVES} curves are drawn: take one away first`);
      byId("curves-words").textContent = `${MOST_CURVES} curves are as many as can be told apart: take one away first.`;
      this.list.show(chosen);
    } else {
      this.store.set({ chosen: [...chosen, name] });
      announce(`${shown} plotted`);
    }
  }

  pickVertex(vertex) {
    const name = this.places.nameAt(vertex);
    if (name) this.toggleChosen(name);
    else announce("No region there");
  }

  pickMiddle() {
    const { clientWidth, clientHeight } = this.brain.canvas;
    const vertex = this.brain.pick(clientWidth / 2, clientHeight / 2);
    if (vertex === null) announce("The middle of the picture is empty");
    else this.pickVertex(vertex);
  }

  point(name) {
    this.brain.highlight(name === null || !this.places.hasRegions ? null : (this.places.indexOf.get(name) ?? null));
    this.curves.pointAt(name === null ? null : this.lines.findIndex((line) => line.name === name));
    this.touch();
  }

  tell(vertex) {
    const region = this.places.regionName(vertex);
    const value = vertexAt(this.layer, vertex, this.player.position, this.store.now.align);
    const place = `${this.places.hemisphereOf(vertex)} hemisphere, vertex ${vertex}`;
    return {
      name: region || (this.places.hasRegions ? "no region" : `vertex ${vertex}`),
      place,
      value: this.withUnit(value),
    };
  }

  withUnit(value) {
    const words = valueWords(value, this.store.now.high - this.store.now.low);
    return Number.isFinite(value) && this.layerFacts.unit ? `${words}  ${this.layerFacts.unit}` : words;
  }

  // Time

  seek(seconds) {
    const done = this.player.seek(seconds);
    this.keepAddress();
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
    this.brain.show(seconds, align, this.layer.clock.isStatic);
    this.curves.moveTo(seconds, align === "bold" ? -this.offset : this.offset);
    const span = this.curves.range[1] - this.curves.range[0];
    this.legend.update(
      this.lines.map(({ series }) => seriesAt(series, this.layer.clock, seconds, align)),
      span,
    );
    this.hover.refresh();
    if (!this.player.playing) {
      byId("cortex-words").textContent = this.cortexWords(seconds);
      if (wasPlaying) this.keepAddress();
    }
  }

  // The cortex in words, for those who do not see it.
  cortexWords(seconds) {
    const { align, shape, chosen } = this.store.now;
    const values = this.lines.map(
      (line) =>
        `${line.shown} ${valueWords(seriesAt(line.series, this.layer.clock, seconds, align), this.store.now.high - this.store.now.low)}`,
    );
    const when = this.layer.clock.isStatic
      ? "a map without time"
      : `${align === "bold" ? "BOLD" : "stimulus"} time ${clockWords(seconds)}`;
    return `${shapeWords(shape, this.facts.mesh.shapes)} surface, layer ${this.layerFacts.name}, ${when}. ${chosen.length ? `Means: ${values.join(", ")}.` : "No region is chosen."}`;
  }

  // The view in the address

  get link() {
    return linkOf(this.store.now, this.player.position, this.brain.scene?.camera);
  }

  keepAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => !this.player.playing && keepLink(this.link), LINK_REST);
  }

  readAddress() {
    return readLink(window.location.hash, {
      nLayers: this.facts.layers.length,
      maps: Object.keys(this.facts.colour_maps),
      limitsOfLayer: (index) => limitsOf(this.facts.layers[index]),
      isKnown: (name) => this.places.isKnown(name),
      mostChosen: MOST_CURVES,
      mostShape: this.facts.mesh.shapes.length - 1,
    });
  }

  // What a link asks for: its layer first, whose limits and colours the rest may then change.
  async useLink(link) {
    const { layer } = link.changes;
    if (layer !== undefined && layer !== this.store.now.layer) {
      this.store.set({ layer });
      await this.changing;
    }
    this.store.set(link.changes);
    if (link.camera) this.brain.setCamera(link.camera);
    if (link.time !== undefined) this.player.seek(link.time);
    this.touch();
  }

  async copyLink() {
    const address = `${window.location.href.split("#")[0]}${this.link}`;
    keepLink(this.link);
    const isDone = await copyText(address);
    const button = byId("copy-link");
    button.textContent = isDone ? "Link copied" : "The link is in the address bar";
    announce(button.textContent);
    clearTimeout(this.copyTimer);
    this.copyTimer = setTimeout(() => {
      button.textContent = "Copy link";
    }, 2500);
  }

  // For tests and tools: window.tribePage.
  forTools() {
    const at = (seconds) => seconds ?? this.player.position;
    return {
      time: () => this.player.position,
      seek: (seconds) => this.seek(seconds),
      play: () => this.player.play(),
      pause: () => this.player.pause(),
      valueAt: (vertex, seconds) => vertexAt(this.layer, vertex, at(seconds), this.store.now.align),
      regionMean: (name, seconds) =>
        seriesAt(this.places.series(this.layer, name), this.layer.clock, at(seconds), this.store.now.align),
      state: () => ({
        ...this.store.now,
        playing: this.player.playing,
        rate: this.player.rate,
        time: this.player.position,
        end: this.player.end,
        link: this.link,
      }),
      set: (changes) => this.store.set(changes),
      page: this,
    };
  }
}
