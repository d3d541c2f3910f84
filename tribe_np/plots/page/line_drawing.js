// The lines around regions on the graphics card: all of them, and those of one region over them.

import { borderChains, lineArrays } from "./borders.js";
import { CLIP_A_MM, filledBuffer, linkProgram, setSight } from "./card.js";
import { LINE_PIXEL, LINE_VERTEX } from "./shaders.js";

const NO_REGION = 65535;
const OUTLINE = { width: 1.1, colour: [0.07, 0.07, 0.09, 0.72] };
const HIGHLIGHT = [
  { width: 5.0, colour: [0.05, 0.05, 0.07, 0.85] },
  { width: 2.4, colour: [1, 1, 1, 1] },
];
const NEARER = 1.6; // mm towards the viewer, so that no line sinks into the surface that it lies on

/** Lines as arrays, each made when it is first drawn: "all" of the whole surface, "flat" of the maps, which are cut. */
export class RegionLines {
  #made = {};

  constructor(stages, regionOf) {
    this.stages = stages;
    this.regionOf = regionOf;
  }

  of(name) {
    this.#made[name] ??= this.#make(name);
    return this.#made[name];
  }

  #make(name) {
    const { faceLists, nVertices, perHemisphere, shapes } = this.stages;
    const chains = borderChains(this.regionOf, faceLists.indices, ...faceLists[name].span("both"), nVertices);
    const wanted = name === "flat" ? shapes.slice(-2) : shapes.filter((shape) => shape.name !== "flat");
    return lineArrays(chains, wanted, (vertex) => vertex >= perHemisphere);
  }
}

export class LineDrawing {
  #sets = {};

  constructor(gl, stages, lines) {
    this.gl = gl;
    this.stages = stages;
    this.lines = lines;
    Object.assign(this, linkProgram(gl, LINE_VERTEX, LINE_PIXEL));
  }

  #uploaded(lines) {
    const { gl } = this;
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    const [left, right] = lines.strips;
    const set = { array, firstRight: lines.firstRight, counts: [left.length, right.length] };
    set.positions = lines.positions.map((numbers) => filledBuffer(gl, numbers));
    set.ways = lines.ways.map((numbers) => filledBuffer(gl, numbers));
    set.normals = lines.normals.map((numbers) => filledBuffer(gl, numbers));
    for (let place = 0; place <= 6; place++) gl.enableVertexAttribArray(place);
    filledBuffer(gl, lines.regions);
    gl.vertexAttribPointer(6, 2, gl.UNSIGNED_SHORT, false, 0, 0);
    filledBuffer(gl, Uint32Array.from([...left, ...right]), gl.ELEMENT_ARRAY_BUFFER);
    gl.bindVertexArray(null);
    return set;
  }

  /** shown: {hasOutlines, region (to be marked, or null), side, dots (device pixels a CSS pixel)}. */
  draw(sight, shown) {
    const { gl, uniforms } = this;
    const { mix } = sight;
    const name = mix.open > 0 ? "flat" : "all";
    this.#sets[name] ??= this.#uploaded(this.lines.of(name));
    const set = this.#sets[name];
    gl.useProgram(this.program);
    setSight(gl, uniforms, sight);
    gl.uniform1i(uniforms.firstRight, set.firstRight);
    gl.uniform2f(uniforms.canvasSize, sight.width * shown.dots, sight.height * shown.dots);
    gl.uniform1f(uniforms.nearer, NEARER * CLIP_A_MM);
    gl.uniform1f(uniforms.isTwoSided, mix.open > 0 && mix.open < 1 ? 1 : 0);
    this.#point(set, mix);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    if (shown.hasOutlines) this.#drawLines(set, OUTLINE, -1, shown);
    if (shown.region !== null) for (const line of HIGHLIGHT) this.#drawLines(set, line, shown.region, shown);
    gl.depthMask(true);
    gl.bindVertexArray(null);
  }

  #point(set, mix) {
    const { gl } = this;
    gl.bindVertexArray(set.array);
    const first = mix.open > 0 ? this.stages.shapes.length - 2 : 0; // the flat lines know the last two shapes alone
    [mix.from, mix.to].forEach((shape, which) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, set.positions[shape - first]);
      gl.vertexAttribPointer(which, 3, gl.FLOAT, false, 0, 0);
      gl.bindBuffer(gl.ARRAY_BUFFER, set.ways[shape - first]);
      gl.vertexAttribPointer(2 + which, 3, gl.BYTE, true, 4, 0);
      gl.bindBuffer(gl.ARRAY_BUFFER, set.normals[shape - first]);
      gl.vertexAttribPointer(4 + which, 3, gl.BYTE, true, 4, 0);
    });
  }

  #drawLines(set, { width, colour }, region, { side, dots }) {
    const { gl, uniforms } = this;
    gl.uniform1f(uniforms.halfWidth, (width * dots) / 2);
    gl.uniform4fv(uniforms.ink, colour);
    gl.uniform1f(uniforms.region, region);
    const [left, right] = set.counts;
    const first = side === "right" ? left : 0;
    const count = (side === "right" ? 0 : left) + (side === "left" ? 0 : right);
    if (count) gl.drawElements(gl.TRIANGLE_STRIP, count, gl.UNSIGNED_INT, first * 4);
  }
}

/** The number that stands for a region, or null for none: null, undefined, -1 and 65535 are none. */
export function regionNumber(region) {
  return region === null || region === undefined || region < 0 || region === NO_REGION ? null : region;
}
