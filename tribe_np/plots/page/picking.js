// What lies under a point of the canvas, exactly: every triangle is asked, on the CPU, in canvas pixels.

/** Pixels and depth of every vertex as the camera sees them now, (3 n) floats: x to the right, y down, z to the viewer. */
export function projectAll(stages, mix, place) {
  const seen = new Float32Array(stages.nVertices * 3);
  for (let vertex = 0; vertex < stages.nVertices; vertex++) seen.set(place(stages.position(vertex, mix)), vertex * 3);
  return seen;
}

/** The nearest face under (x, y): {face, weights, depth}, or null. `faces` is the index array from `first` to `stop`. */
export function faceUnder(seen, faces, first, stop, x, y, isOneSided) {
  let found = null;
  for (let at = first; at < stop; at += 3) {
    const [a, b, c] = [faces[at] * 3, faces[at + 1] * 3, faces[at + 2] * 3];
    const [ax, bx, cx] = [seen[a] - x, seen[b] - x, seen[c] - x];
    if ((ax > 0 && bx > 0 && cx > 0) || (ax < 0 && bx < 0 && cx < 0)) continue;
    const [ay, by, cy] = [seen[a + 1] - y, seen[b + 1] - y, seen[c + 1] - y];
    if ((ay > 0 && by > 0 && cy > 0) || (ay < 0 && by < 0 && cy < 0)) continue;
    const [wa, wb, wc] = [bx * cy - cx * by, cx * ay - ax * cy, ax * by - bx * ay]; // y points down: front is negative
    const isFront = wa <= 0 && wb <= 0 && wc <= 0;
    if (!isFront && (isOneSided || !(wa >= 0 && wb >= 0 && wc >= 0))) continue;
    const area = wa + wb + wc;
    if (area === 0) continue;
    const weights = [wa / area, wb / area, wc / area];
    const depth = weights[0] * seen[a + 2] + weights[1] * seen[b + 2] + weights[2] * seen[c + 2];
    if (!found || depth > found.depth) found = { face: at, weights, depth };
  }
  return found;
}

/** Of a face's corners the one nearest to a point given by weights, by the corners' positions in mm: {vertex, distance}. */
export function nearestCorner(corners, positions, weights) {
  const point = [0, 1, 2].map((axis) => weights.reduce((sum, weight, corner) => sum + weight * positions[corner][axis], 0));
  let best = null;
  corners.forEach((vertex, corner) => {
    const distance = Math.hypot(...positions[corner].map((at, axis) => at - point[axis]));
    if (!best || distance < best.distance) best = { vertex, distance };
  });
  return { ...best, point };
}
