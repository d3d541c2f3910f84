// Where every vertex is at each stage of the slider: 0 pial, 1 inflated, 2 flat. Pure arrays, no WebGL.
//
// From 1 to 2 the hemispheres open like a book seen from behind: each is unrolled within its own side view while it
// turns a quarter about the vertical, so that both flat maps end up side by side, facing a viewer at the back (-y),
// the left one on the left. What turns is in sight.js.

import { faceListsOf } from "./faces.js";
import { boxOf, eased } from "./matrices.js";

const GAP = 6; // mm at least between the hemispheres, and four times that between the flat maps

/** Normals (3 int8 and a pad per vertex) of a mesh: the mean of its faces', weighted by their areas. */
export function vertexNormals(coordinates, faces) {
  const sums = new Float32Array(coordinates.length);
  for (let face = 0; face < faces.length; face += 3) {
    const a = faces[face] * 3;
    const b = faces[face + 1] * 3;
    const c = faces[face + 2] * 3;
    const ux = coordinates[b] - coordinates[a];
    const uy = coordinates[b + 1] - coordinates[a + 1];
    const uz = coordinates[b + 2] - coordinates[a + 2];
    const vx = coordinates[c] - coordinates[a];
    const vy = coordinates[c + 1] - coordinates[a + 1];
    const vz = coordinates[c + 2] - coordinates[a + 2];
    for (let corner = 0; corner < 3; corner++) {
      const at = faces[face + corner] * 3;
      sums[at] += uy * vz - uz * vy;
      sums[at + 1] += uz * vx - ux * vz;
      sums[at + 2] += ux * vy - uy * vx;
    }
  }
  const packed = new Int8Array((coordinates.length / 3) * 4);
  for (let at = 0, out = 0; at < sums.length; at += 3, out += 4) {
    const length = Math.hypot(sums[at], sums[at + 1], sums[at + 2]) || 1;
    for (let axis = 0; axis < 3; axis++) packed[out + axis] = Math.round((127 * sums[at + axis]) / length);
  }
  return packed;
}

/** The shapes as they are drawn: coordinates, normals, boxes and centres of both sides. */
export class Stages {
  constructor(mesh) {
    this.nVertices = mesh.nVertices;
    this.perHemisphere = mesh.perHemisphere;
    this.isFlatVertex = new Uint8Array(mesh.nVertices);
    if (mesh.flatFaces) for (const vertex of mesh.flatFaces) this.isFlatVertex[vertex] = 1;
    const names = ["pial", "inflated", "flat"].filter((name) => mesh.shapes[name]);
    this.names = names;
    this.last = names.length - 1;
    this.faceLists = faceListsOf(mesh);
    this.shapes = [];
    for (const name of names) this.shapes.push(this.#shape(mesh, name));
  }

  /** First and last-plus-one vertex of hemisphere 0 or 1. */
  range(side) {
    return side === 0 ? [0, this.perHemisphere] : [this.perHemisphere, this.nVertices];
  }

  /** Which two shapes are mixed at a stage, the weight of the second, and how far the book is open (0 .. 1). */
  mixAt(stage) {
    const at = Math.min(this.last, Math.max(0, stage));
    const from = Math.max(0, Math.ceil(at) - 1); // at 1 this is still pial to inflated: nothing is cut open
    const to = Math.min(from + 1, this.last);
    const opens = this.names[to] === "flat" && from !== to;
    const weight = opens ? eased(at - from) : at - from;
    return { from, to, weight, open: opens ? weight : 0 };
  }

  /** A vertex between the two shapes of a mix, each as it is stored: within its hemisphere, before the book opens. */
  mixed(vertex, mix) {
    const [a, b] = [this.shapes[mix.from].coordinates, this.shapes[mix.to].coordinates];
    return [0, 1, 2].map((axis) => a[vertex * 3 + axis] + (b[vertex * 3 + axis] - a[vertex * 3 + axis]) * mix.weight);
  }

  #shape(mesh, name) {
    const coordinates = apart(
      mesh.shapes[name],
      this,
      name === "flat" ? this.isFlatVertex : null,
      name === "flat" ? 4 * GAP : GAP,
    );
    if (name === "flat") return this.#flat(mesh, coordinates);
    const boxes = [0, 1].map((side) => boxOf(coordinates, ...this.range(side)));
    const both = boxOf(coordinates, 0, this.nVertices);
    return {
      name,
      coordinates,
      normals: vertexNormals(coordinates, mesh.faces),
      boxes: [...boxes, both],
      pivots: boxes.map((box) => box.centre),
    };
  }

  /** The map lies in x, y of its file; it is stored within each side's view, and stands at x, z when the book is open. */
  #flat(mesh, coordinates) {
    const standing = new Float32Array(coordinates.length);
    for (let at = 0; at < coordinates.length; at += 3)
      [standing[at], standing[at + 1], standing[at + 2]] = [coordinates[at], 0, coordinates[at + 1]];
    const boxes = [0, 1].map((side) => boxOf(standing, ...this.range(side), this.isFlatVertex));
    const both = boxOf(standing, 0, this.nVertices, this.isFlatVertex);
    const stored = new Float32Array(coordinates.length);
    const inflated = this.shapes[this.names.indexOf("inflated")];
    for (let vertex = 0; vertex < this.nVertices; vertex++) {
      const side = vertex < this.perHemisphere ? 0 : 1;
      const pivot = boxes[side].centre;
      for (let axis = 0; axis < 3; axis++) {
        const around = inflated.coordinates[vertex * 3 + axis] - inflated.pivots[side][axis];
        stored[vertex * 3 + axis] = pivot[axis] + around;
      }
      if (!this.isFlatVertex[vertex]) continue; // in no face of the map: it stays where the inflated surface has it
      stored[vertex * 3] = pivot[0];
      stored[vertex * 3 + 1] = (side === 0 ? -1 : 1) * (standing[vertex * 3] - pivot[0]);
      stored[vertex * 3 + 2] = standing[vertex * 3 + 2];
    }
    const normals = vertexNormals(stored, mesh.flatFaces);
    return {
      name: "flat",
      coordinates: stored,
      normals,
      boxes: [...boxes, both],
      pivots: boxes.map((box) => box.centre),
    };
  }
}

/** The hemispheres moved along x until `gap` mm lie between them. */
function apart(coordinates, ranges, has, gap) {
  const [left, right] = [0, 1].map((side) => boxOf(coordinates, ...ranges.range(side), has));
  const inner = [left.centre[0] + left.half[0], right.centre[0] - right.half[0]];
  const moved = Float32Array.from(coordinates);
  for (let vertex = 0; vertex < ranges.nVertices; vertex++) {
    moved[vertex * 3] += vertex < ranges.perHemisphere ? -gap / 2 - inner[0] : gap / 2 - inner[1];
  }
  return moved;
}
