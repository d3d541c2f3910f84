// The cortex on the page: the scene where the browser can draw it, the static pictures where it cannot.

import { fadedTable } from "./colours.js";
import { readColourMap, readMesh, whyNoScene } from "./decode.js";
import { byId, calmMotion } from "./dom.js";
import { Scene } from "./scene.js";
import { makeTurnable } from "./turning.js";

const GLIDE = 600; // ms from one shape to the next

export class Brain {
  constructor(facts, onchange) {
    this.facts = facts;
    this.onchange = onchange;
    this.scene = null;
    this.canvas = byId("cortex");
    this.maps = new Map();
  }

  // Shows the cortex in 3-D; where that cannot be, says why and leaves the pictures in its place.
  async start() {
    try {
      const why = whyNoScene();
      if (why) throw new Error(why);
      const mesh = await readMesh(this.facts);
      this.scene = new Scene(this.canvas, mesh, {
        onlost: () => this.sayLost(true),
        onrestored: () => {
          this.sayLost(false);
          this.onchange();
        },
      });
    } catch (reason) {
      this.showPictures(reason.message);
      return;
    }
    document.documentElement.classList.add("has-brain");
    makeTurnable(this.scene, () => this.onchange());
    new ResizeObserver(() => this.onchange()).observe(this.canvas);
  }

  sayLost(isLost) {
    byId("lost").hidden = !isLost;
    byId("stage").classList.toggle("is-lost", isLost);
  }

  showPictures(why) {
    document.documentElement.classList.add("no-brain");
    const hasPictures = byId("pictures").querySelector("img, svg") !== null;
    const rest = hasPictures
      ? "These pictures show it at some times; the stimulus, the words and the curves play."
      : "The stimulus, the words and the curves play.";
    byId("pictures-words").textContent = `${why} The cortex cannot be turned here. ${rest}`;
    byId("pictures-words").hidden = false;
    for (const id of ["stage", "brain-tools", "scale"]) byId(id).hidden = true;
  }

  table(map, isDiverging) {
    const key = `${map} ${isDiverging}`;
    if (!this.maps.has(key)) this.maps.set(key, fadedTable(readColourMap(this.facts, map), isDiverging));
    return this.maps.get(key);
  }

  // To another shape in a short glide; at once where motion is not wanted.
  glideTo(shape, onstep) {
    cancelAnimationFrame(this.gliding);
    if (calmMotion() || !this.scene) return onstep(shape);
    const from = this.scene.shape;
    const began = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, now - began) / GLIDE);
      onstep(from + (shape - from) * part * part * (3 - 2 * part));
      if (part < 1) this.gliding = requestAnimationFrame(step);
    };
    this.gliding = requestAnimationFrame(step);
  }

  pick(x, y) {
    const found = this.scene?.pick(x, y);
    return found ? found.vertex : null;
  }

  show(seconds, align, isStatic, isPlaying) {
    if (!this.scene) return;
    const moment = this.scene.setTime(seconds, align);
    const isBare = !moment && !isStatic;
    byId("cortex-bare").hidden = !isBare;
    byId("align-words").hidden = isBare;
    if (this.scene.needsDraw) this.scene.draw(isPlaying);
  }

  setLayer(layer) {
    this.scene?.setLayer(layer);
  }

  setColours(table, low, high, threshold) {
    this.scene?.setColours(table, low, high, threshold);
  }

  setShape(shape) {
    this.scene?.setShape(shape);
  }

  setRegions(regionOf) {
    if (regionOf) this.scene?.setRegions(regionOf);
  }

  setOutlines(regionOf) {
    this.scene?.setOutlines(regionOf);
  }

  highlight(region) {
    this.scene?.highlight(region);
  }

  setCamera(camera) {
    if (this.scene) this.scene.camera = camera;
  }

  view(name) {
    this.scene?.view(name);
    this.onchange();
  }

  draw() {
    this.scene?.draw();
  }
}
