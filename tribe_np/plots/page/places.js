// What a curve can stand for: a region of the parcellation or, where there is none, a vertex.

import { meanSeries, vertexSeries } from "./values.js";

const NOWHERE = 65535;
const VERTEX_NAME = /^vertex (\d{1,9})$/;

export class Places {
  constructor(facts, regionOf) {
    this.regionOf = regionOf;
    this.names = regionOf ? facts.parcellation.regions : [];
    this.nVertices = facts.mesh.n_vertices;
    this.perHemisphere = facts.mesh.per_hemisphere;
    this.members = new Map();
    this.indexOf = new Map(this.names.map((name, index) => [name, index]));
    this.cache = new WeakMap();
    if (regionOf) this.gather();
  }

  gather() {
    regionEach(this.regionOf, (region, vertex) => {
      const name = this.names[region];
      if (name === undefined) return;
      if (!this.members.has(name)) this.members.set(name, []);
      this.members.get(name).push(vertex);
    });
  }

  get hasRegions() {
    return Boolean(this.regionOf);
  }

  hemisphereOf(vertex) {
    return vertex < this.perHemisphere ? "left" : "right";
  }

  // The region a vertex lies in; "" outside all of them.
  regionName(vertex) {
    const region = this.regionOf ? this.regionOf[vertex] : NOWHERE;
    return region === NOWHERE ? "" : (this.names[region] ?? "");
  }

  // What a click on this vertex plots; "" where a click means nothing.
  nameAt(vertex) {
    return this.hasRegions ? this.regionName(vertex) : `vertex ${vertex}`;
  }

  vertexNamed(name) {
    const found = VERTEX_NAME.exec(name);
    return found && Number(found[1]) < this.nVertices ? Number(found[1]) : null;
  }

  isKnown(name) {
    return this.hasRegions ? this.indexOf.has(name) : this.vertexNamed(name) !== null;
  }

  shownName(name) {
    const vertex = this.hasRegions ? null : this.vertexNamed(name);
    return vertex === null ? name : `${name}, ${this.hemisphereOf(vertex)}`;
  }

  // Values (rows) of a region's mean or of a vertex, kept for each layer.
  series(layer, name) {
    if (!this.cache.has(layer)) this.cache.set(layer, new Map());
    const kept = this.cache.get(layer);
    if (!kept.has(name)) {
      const vertex = this.hasRegions ? null : this.vertexNamed(name);
      kept.set(name, vertex === null ? meanSeries(layer, this.members.get(name) ?? []) : vertexSeries(layer, vertex));
    }
    return kept.get(name);
  }
}

function regionEach(regionOf, call) {
  for (let vertex = 0; vertex < regionOf.length; vertex++) {
    if (regionOf[vertex] !== NOWHERE) call(regionOf[vertex], vertex);
  }
}
