// Which triangles are drawn at which stage: all of them, those of the flat maps, or those that the flat maps lack.

/** {indices, all, flat, cut}: one index array, and of each list span(side) -> [first, stop] for "both", "left", "right". */
export function faceListsOf(mesh) {
  const none = mesh.faces.subarray(0, 0);
  const lists = { all: mesh.faces, flat: mesh.flatFaces ?? none, cut: mesh.cutFaces ?? none };
  const Index = mesh.nVertices <= 65536 ? Uint16Array : Uint32Array;
  const indices = new Index(Object.values(lists).reduce((sum, faces) => sum + faces.length, 0));
  const found = { indices };
  let at = 0;
  for (const [name, faces] of Object.entries(lists)) {
    const edges = [at];
    for (const side of [0, 1]) {
      at = copySide(faces, side, mesh.perHemisphere, indices, at);
      edges.push(at);
    }
    const spans = { left: edges.slice(0, 2), right: edges.slice(1), both: [edges[0], edges[2]] };
    found[name] = { span: (side) => spans[side] };
  }
  return found;
}

/** Copies the faces of hemisphere 0 or 1 into `indices` from `at` on; returns where they end. */
function copySide(faces, side, perHemisphere, indices, at) {
  let next = at;
  for (let face = 0; face < faces.length; face += 3) {
    if (faces[face] < perHemisphere !== (side === 0)) continue;
    indices[next] = faces[face];
    indices[next + 1] = faces[face + 1];
    indices[next + 2] = faces[face + 2];
    next += 3;
  }
  return next;
}
