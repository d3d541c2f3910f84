// The cortex in WebGL2: what is shown (layer, moment, shape, colours, camera), what lies under a pixel, and when to draw.
//
// One static buffer of bytes holds all rows of a layer; two attributes point at the row before and the row after, and
// the vertex shader mixes them: a moment of the stimulus uploads nothing. Drawing is asked for by the page's loop.

import { rowsAt } from "./clock.js";
import { colourOf } from "./colours.js";
import { LineDrawing, RegionLines, regionNumber } from "./line_drawing.js";
import { faceUnder, nearestCorner, projectAll } from "./picking.js";
import { pixelOf, SCENE_VIEWS, sightOf } from "./sight.js";
import { SoftEdges } from "./soft_edges.js";
import { Stages } from "./stages.js";
import { NO_VALUE, SurfaceDrawing } from "./surface_drawing.js";

const MOST_DOTS = 2; // device pixels drawn a CSS pixel
const SLOW_PACE = 45; // ms from one moving picture to the next, from which on edges are hard while it moves
const AT_REST = 300; // ms after which it no longer moves
const START = { azimuth: 205, elevation: 12, zoom: 1, pan: [0, 0], side: "both" };

export class Scene {
  #gl;
  #camera = START;
  #stage = 0;
  #shown = { layer: null, moment: null, colours: null, isLit: true, side: "both", hasOutlines: false, region: null };
  #seen = null; // projected vertices, as long as nothing moves
  #surface = null;
  #lines = { of: null, arrays: null, drawing: null };
  #edges = null;
  #pace = { last: 0, interval: 0, isSlow: false, timer: 0 };

  constructor(canvas, mesh, { onlost = () => {}, onrestored = () => {} } = {}) {
    this.canvas = canvas;
    this.mesh = mesh;
    this.stages = new Stages(mesh);
    this.needsDraw = true;
    this.isLost = false;
    this.#gl = canvas.getContext("webgl2", { antialias: false, powerPreference: "high-performance" });
    if (!this.#gl) throw new Error("This browser offers no WebGL2.");
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // else it never comes back
      this.isLost = true;
      onlost();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#build();
      onrestored();
    });
    this.#build();
  }

  /** Another layer (readLayer in decode.js); its first row is shown until setTime. */
  setLayer(layer) {
    this.#change({ layer, moment: { row: 0, next: 0, weight: 0 } });
  }

  /** Shows a time of the stimulus. Returns {row, next, weight}, or null where nothing was predicted. */
  setTime(seconds, align = "stimulus") {
    const { layer, moment: before } = this.#shown;
    const moment = layer ? rowsAt({ ...layer.clock, align }, seconds) : null;
    const isSame =
      moment && before ? ["row", "next", "weight"].every((key) => moment[key] === before[key]) : moment === before;
    if (!isSame) this.#change({ moment });
    return moment;
  }

  /** 0 pial, 1 inflated, 2 flat, or between; a mesh without a flat map ends at 1. */
  setShape(stage) {
    this.#stage = Math.min(this.stages.last, Math.max(0, stage));
    this.#move();
  }

  get shape() {
    return this.#stage;
  }

  /** table: 256 x 4 bytes (fadedTable in colours.js); limits and threshold in the layer's unit. */
  setColours(table, low, high, threshold = 0) {
    this.#surface.setTable(table);
    this.#change({ colours: { table, low, high, threshold: threshold ?? 0 } });
  }

  /** Whether light falls on the surface; without it every colour is exactly that of the table. */
  setLight(isLit) {
    this.#change({ isLit });
  }

  /** Lines around the regions of each vertex (65535: none), or null for none; `highlight` works on either way. */
  setOutlines(regionOf) {
    if (regionOf) this.setRegions(regionOf);
    this.#change({ hasOutlines: Boolean(regionOf) });
  }

  /** The region of each vertex, without lines around all of them. */
  setRegions(regionOf) {
    if (regionOf === this.#lines.of) return;
    this.#lines = { of: regionOf, arrays: new RegionLines(this.stages, regionOf), drawing: null };
    this.#change({});
  }

  /** Marks the outline of one region by its number; null for none. */
  highlight(region) {
    this.#change({ region: regionNumber(region) });
  }

  /** {azimuth, elevation (degrees), zoom, pan [right, up] in mm, side: "both", "left" or "right" alone}. */
  get camera() {
    return { ...this.#camera, pan: [...this.#camera.pan] };
  }

  set camera(camera) {
    this.#camera = { ...this.#camera, ...camera };
    this.#shown.side = this.#camera.side;
    this.#move();
  }

  /** One of SCENE_VIEWS, in the middle of the canvas; "start" is where a page begins. */
  view(name) {
    this.camera = { ...START, ...SCENE_VIEWS[name] };
  }

  /** The value of a vertex now, in the layer's unit, or null. */
  valueOf(vertex) {
    const { layer, moment } = this.#shown;
    if (!layer || !moment) return null;
    const [a, b] = [moment.row, moment.next].map((row) => layer.values[row * this.mesh.nVertices + vertex]);
    if (a === NO_VALUE || (b === NO_VALUE && moment.weight > 0)) return null;
    return layer.low + ((a + (b - a) * moment.weight) * (layer.high - layer.low)) / (NO_VALUE - 1);
  }

  /** RGBA bytes that the table has for a vertex now; alpha 0: bare sulci. */
  colourOfVertex(vertex) {
    return colourOf(this.#shown.colours, this.valueOf(vertex));
  }

  /** Draws now. Where that is slow, a picture of a cortex that `isMoving` has hard edges, until it stands still. */
  draw(isMoving = false) {
    this.#fitCanvas();
    this.needsDraw = false;
    const gl = this.#gl;
    if (this.isLost || gl.isContextLost()) return;
    const isSoft = !(isMoving && this.#isSlow());
    if (isSoft) this.#edges.begin(this.canvas.width, this.canvas.height);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    const sight = this.#sight();
    this.#surface.draw(sight, this.#shown);
    this.#drawLines(sight);
    if (isSoft) this.#edges.end();
  }

  #drawLines(sight) {
    const { hasOutlines, region } = this.#shown;
    if (!(this.#lines.arrays && (hasOutlines || region !== null))) return;
    this.#lines.drawing ??= new LineDrawing(this.#gl, this.stages, this.#lines.arrays);
    this.#lines.drawing.draw(sight, { ...this.#shown, dots: this.canvas.width / sight.width });
  }

  /** Whether moving pictures come slowly here; a hard one is followed by a soft one when no other comes. */
  #isSlow() {
    const pace = this.#pace;
    const now = performance.now();
    const interval = now - pace.last;
    pace.last = now;
    pace.interval = interval > AT_REST ? 0 : 0.8 * pace.interval + 0.2 * interval;
    pace.isSlow ||= pace.interval > SLOW_PACE;
    clearTimeout(pace.timer);
    if (pace.isSlow) {
      pace.timer = setTimeout(() => {
        this.needsDraw = true;
      }, AT_REST);
    }
    return pace.isSlow;
  }

  /** RGBA bytes (premultiplied) that are drawn at a point of the canvas, in CSS pixels. */
  drawnAt(x, y) {
    this.draw();
    const gl = this.#gl;
    const dots = this.canvas.width / this.canvas.clientWidth;
    const bytes = new Uint8Array(4);
    gl.readPixels(
      Math.floor(x * dots),
      Math.floor(this.canvas.height - y * dots),
      1,
      1,
      gl.RGBA,
      gl.UNSIGNED_BYTE,
      bytes,
    );
    return [...bytes];
  }

  /**
   * What lies under a point of the canvas (CSS pixels), or null: the nearest vertex, its hemisphere, the point itself
   * in mm of the shape shown, and how far in mm the vertex is from it.
   */
  pick(x, y) {
    const sight = this.#sight();
    const found = this.#faceAt(sight, x, y);
    if (!found) return null;
    const corners = this.#cornersOf(found);
    const positions = corners.map((corner) => this.stages.mixed(corner, sight.mix));
    const { vertex, distance, point } = nearestCorner(corners, positions, found.weights);
    return { vertex, hemisphere: vertex < this.mesh.perHemisphere ? "left" : "right", position: point, distance };
  }

  /** [x, y, visible]: where a vertex is on the canvas in CSS pixels, and whether it is a corner of what is seen there. */
  screenPosition(vertex) {
    const sight = this.#sight();
    const [x, y] = pixelOf(sight, this.stages, vertex);
    if (x < 0 || y < 0 || x >= sight.width || y >= sight.height) return [x, y, false];
    const found = this.#faceAt(sight, x, y);
    return [x, y, found !== null && this.#cornersOf(found).includes(vertex)];
  }

  get pixelsPerMm() {
    return this.#sight().pixels;
  }

  /** mm to the right and up from the middle of the canvas to a point of the window. */
  lengthsTo(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const { pixels } = this.#sight();
    return [(clientX - box.left - box.width / 2) / pixels, (box.top + box.height / 2 - clientY) / pixels];
  }

  #cornersOf({ face }) {
    return [...this.stages.faceLists.indices.subarray(face, face + 3)];
  }

  #faceAt(sight, x, y) {
    this.#seen ??= projectAll(sight, this.stages);
    const { faceLists } = this.stages;
    const list = sight.mix.open > 0 ? faceLists.flat : faceLists.all;
    const isOneSided = !(sight.mix.open > 0 && sight.mix.open < 1);
    return faceUnder(this.#seen, faceLists.indices, ...list.span(this.#camera.side), x, y, isOneSided);
  }

  #sight() {
    const [width, height] = [this.canvas.clientWidth || 1, this.canvas.clientHeight || 1];
    if (this.size?.[0] !== width || this.size?.[1] !== height) this.#seen = null;
    this.size = [width, height];
    return sightOf(this.stages, this.#stage, this.#camera, width, height);
  }

  #fitCanvas() {
    const dots = Math.min(MOST_DOTS, globalThis.devicePixelRatio || 1);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((length) =>
      Math.max(1, Math.round(length * dots)),
    );
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  #build() {
    this.isLost = false;
    this.#surface = new SurfaceDrawing(this.#gl, this.mesh, this.stages);
    this.#lines.drawing = null;
    this.#edges = new SoftEdges(this.#gl);
    if (this.#shown.colours) this.#surface.setTable(this.#shown.colours.table);
    this.needsDraw = true;
  }

  #change(shown) {
    Object.assign(this.#shown, shown);
    this.needsDraw = true;
  }

  #move() {
    this.#seen = null;
    this.needsDraw = true;
  }
}
