// The surface on the graphics card: everything that a lost context takes with it, and how it is drawn.

import { filledBuffer, linkProgram, setSight } from "./card.js";
import { SURFACE_PIXEL, SURFACE_VERTEX } from "./shaders.js";

export const NO_VALUE = 255; // of a byte of a row
const N_STEPS = 254;
const CUTS_FADE = 0.04; // of the way from inflated to flat, in which the faces that a flat map lacks vanish
const FOLDS = 0.16; // how much darker the depth of a sulcus is, while it is folded

/** Bytes with each vertex between itself and the mean of the faces around it: coarse triangles show no teeth. */
function softened(numbers, faces) {
  const [sums, counts] = [new Float32Array(numbers.length), new Float32Array(numbers.length)];
  for (let at = 0; at < faces.length; at += 3) {
    const mean = (numbers[faces[at]] + numbers[faces[at + 1]] + numbers[faces[at + 2]]) / 3;
    for (let corner = at; corner < at + 3; corner++) {
      sums[faces[corner]] += mean;
      counts[faces[corner]] += 1;
    }
  }
  return Uint8Array.from(numbers, (number, vertex) =>
    counts[vertex] ? (number + sums[vertex] / counts[vertex]) / 2 : number,
  );
}

export class SurfaceDrawing {
  #rows = new WeakMap(); // a layer's buffer, uploaded once, and whether a value is missing in it
  #pointed = {};

  constructor(gl, mesh, stages) {
    this.gl = gl;
    this.mesh = mesh;
    this.stages = stages;
    Object.assign(this, linkProgram(gl, SURFACE_VERTEX, SURFACE_PIXEL));
    this.positions = stages.shapes.map((shape) => filledBuffer(gl, shape.coordinates));
    this.normals = stages.shapes.map((shape) => filledBuffer(gl, shape.normals));
    this.sulc = filledBuffer(gl, softened(mesh.sulc, mesh.faces));
    this.bare = filledBuffer(gl, new Uint8Array(mesh.nVertices).fill(NO_VALUE));
    this.table = gl.createTexture();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    for (let place = 0; place <= 6; place++) gl.enableVertexAttribArray(place);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.sulc);
    gl.vertexAttribPointer(4, 1, gl.UNSIGNED_BYTE, true, 0, 0);
    this.faces = filledBuffer(gl, stages.faceLists.indices, gl.ELEMENT_ARRAY_BUFFER);
    gl.bindVertexArray(null);
  }

  setTable(table) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
    for (const [name, way] of [
      [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
      [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ])
      gl.texParameteri(gl.TEXTURE_2D, name, way);
  }

  /** shown: {layer, moment, colours, isLit, side}. */
  draw(sight, shown) {
    const { gl, uniforms, stages } = this;
    const { mix } = sight;
    gl.useProgram(this.program);
    setSight(gl, uniforms, sight);
    gl.uniform1i(uniforms.perHemisphere, stages.perHemisphere);
    gl.uniform1f(uniforms.isLit, shown.isLit ? 1 : 0);
    gl.uniform1f(uniforms.folds, mix.from === 0 ? FOLDS * (1 - mix.weight) : 0);
    this.#setColours(shown);
    gl.bindVertexArray(this.array);
    this.#pointAtShapes(mix);
    this.#pointAtRows(shown);
    gl.cullFace(gl.BACK);
    if (mix.open > 0 && mix.open < 1)
      gl.disable(gl.CULL_FACE); // an open book is seen from both sides
    else gl.enable(gl.CULL_FACE);
    gl.uniform1f(uniforms.opacity, 1);
    gl.disable(gl.BLEND);
    this.#drawList(mix.open > 0 ? "flat" : "all", shown.side);
    const left = 1 - mix.open / CUTS_FADE;
    if (mix.open > 0 && left > 0) {
      gl.uniform1f(uniforms.opacity, left);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      this.#drawList("cut", shown.side);
    }
    gl.bindVertexArray(null);
  }

  #setColours({ layer, colours }) {
    const { gl, uniforms } = this;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    gl.uniform1i(uniforms.table, 0);
    if (!layer || !colours) return;
    gl.uniform2f(uniforms.valueRange, layer.low, (layer.high - layer.low) / N_STEPS);
    gl.uniform2f(uniforms.limits, colours.low, 256 / (colours.high - colours.low));
    gl.uniform1f(uniforms.threshold, colours.threshold);
  }

  #pointAtShapes(mix) {
    if (this.#pointed.from === mix.from && this.#pointed.to === mix.to) return;
    const { gl } = this;
    [mix.from, mix.to].forEach((shape, place) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.positions[shape]);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.normals[shape]);
      gl.vertexAttribPointer(place + 2, 3, gl.BYTE, true, 4, 0);
    });
    [this.#pointed.from, this.#pointed.to] = [mix.from, mix.to];
  }

  #pointAtRows({ layer, moment, colours }) {
    const { gl } = this;
    const isShown = layer && moment && colours;
    gl.uniform1f(this.uniforms.hasGaps, isShown && !this.#rowsOf(layer).hasGaps ? 0 : 1);
    const { row, next, weight } = isShown ? moment : { row: 0, next: 0, weight: 0 };
    gl.uniform1f(this.uniforms.nextWeight, weight);
    gl.bindBuffer(gl.ARRAY_BUFFER, isShown ? this.#rowsOf(layer).buffer : this.bare);
    gl.vertexAttribPointer(5, 1, gl.UNSIGNED_BYTE, false, 1, row * this.mesh.nVertices);
    gl.vertexAttribPointer(6, 1, gl.UNSIGNED_BYTE, false, 1, next * this.mesh.nVertices);
  }

  #rowsOf(layer) {
    if (!this.#rows.has(layer)) {
      this.#rows.set(layer, { buffer: filledBuffer(this.gl, layer.values), hasGaps: layer.values.includes(NO_VALUE) });
    }
    return this.#rows.get(layer);
  }

  #drawList(name, side) {
    const { gl, stages } = this;
    const [first, stop] = stages.faceLists[name].span(side);
    const size = stages.faceLists.indices.BYTES_PER_ELEMENT;
    const type = size === 2 ? gl.UNSIGNED_SHORT : gl.UNSIGNED_INT;
    if (stop > first) gl.drawElements(gl.TRIANGLES, stop - first, type, first * size);
  }
}
