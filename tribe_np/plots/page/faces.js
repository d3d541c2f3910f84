// Which triangles are drawn at which stage: all of them, those of the flat maps, or those that the flat maps lack.

/** A number for a triangle that does not depend on where it begins; unique within a hemisphere of any fsaverage. */
function triangleKey(faces, at, first, size) {
  const [a, b, c] = [faces[at] - first, faces[at + 1] - first, faces[at + 2] - first].sort((p, q) => p - q);
  return (a * size + b) * size + c;
}

/** {indices, all, flat, cut}: one index array, and of each list span(side) -> [first, stop] for "both", "left", "right". */
export function faceListsOf(mesh) {
  const flatFaces = mesh.flatFaces ?? mesh.faces.subarray(0, 0);
  const lists = {
    all: sided(mesh.faces, mesh),
    flat: sided(flatFaces, mesh),
    cut: sided(cutFaces(mesh, flatFaces), mesh),
  };
  const Index = mesh.nVertices <= 65536 ? Uint16Array : Uint32Array;
  const parts = Object.values(lists).flatMap((list) => list.sides);
  const indices = new Index(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const list of Object.values(lists)) {
    const edges = [at];
    for (const part of list.sides) {
      indices.set(part, at);
      at += part.length;
      edges.push(at);
    }
    list.span = (side) =>
      side === "left" ? edges.slice(0, 2) : side === "right" ? edges.slice(1) : [edges[0], edges[2]];
  }
  return { indices, ...lists };
}

/** The faces that the flat map has not. */
function cutFaces(mesh, flatFaces) {
  const size = mesh.perHemisphere;
  const has = [new Set(), new Set()];
  for (let at = 0; at < flatFaces.length; at += 3) {
    const side = flatFaces[at] < size ? 0 : 1;
    has[side].add(triangleKey(flatFaces, at, side * size, size));
  }
  const cut = [];
  for (let at = 0; at < mesh.faces.length; at += 3) {
    const side = mesh.faces[at] < size ? 0 : 1;
    if (!has[side].has(triangleKey(mesh.faces, at, side * size, size))) cut.push(...mesh.faces.subarray(at, at + 3));
  }
  return cut;
}

/** The faces of the left hemisphere and those of the right. */
function sided(faces, mesh) {
  const sides = [[], []];
  for (let at = 0; at < faces.length; at += 3) {
    const mine = sides[faces[at] < mesh.perHemisphere ? 0 : 1];
    mine.push(faces[at], faces[at + 1], faces[at + 2]);
  }
  return { sides };
}
