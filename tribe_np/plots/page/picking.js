// What lies under a point of the canvas, exactly: every triangle is asked, on the CPU, in canvas pixels.

/** pixelOf every vertex in one array (3 n): x to the right, y down, depth towards the viewer. */
export function projectAll(sight, stages) {
  const { mix, turns, shifts, pixels } = sight;
  const [a, b] = [stages.shapes[mix.from].coordinates, stages.shapes[mix.to].coordinates];
  const seen = new Float32Array(a.length);
  for (const side of [0, 1]) {
    const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = turns[side];
    const [left, top] = [sight.width / 2 + shifts[side][0] * pixels, sight.height / 2 - shifts[side][1] * pixels];
    const [first, stop] = stages.range(side);
    for (let at = first * 3; at < stop * 3; at += 3) {
      const x = a[at] + (b[at] - a[at]) * mix.weight;
      const y = a[at + 1] + (b[at + 1] - a[at + 1]) * mix.weight;
      const z = a[at + 2] + (b[at + 2] - a[at + 2]) * mix.weight;
      seen[at] = left + (xx * x + xy * y + xz * z) * pixels;
      seen[at + 1] = top - (yx * x + yy * y + yz * z) * pixels;
      seen[at + 2] = zx * x + zy * y + zz * z + shifts[side][2];
    }
  }
  return seen;
}

/** Whether three numbers have one sign. */
function isAside(a, b, c) {
  return (a > 0 && b > 0 && c > 0) || (a < 0 && b < 0 && c < 0);
}

/** Whether a point with these weights (areas) is within a face that is seen; y points down: a front has no positive one. */
function isWithin(wa, wb, wc, isOneSided) {
  const isFront = wa <= 0 && wb <= 0 && wc <= 0;
  return wa + wb + wc !== 0 && (isFront || (!isOneSided && wa >= 0 && wb >= 0 && wc >= 0));
}

/** The nearest face under (x, y): {face, weights, depth}, or null. `faces` is the index array from `first` to `stop`. */
export function faceUnder(seen, faces, first, stop, x, y, isOneSided) {
  let found = null;
  for (let at = first; at < stop; at += 3) {
    const a = faces[at] * 3;
    const b = faces[at + 1] * 3;
    const c = faces[at + 2] * 3;
    const ax = seen[a] - x;
    const bx = seen[b] - x;
    const cx = seen[c] - x;
    if (isAside(ax, bx, cx)) continue;
    const ay = seen[a + 1] - y;
    const by = seen[b + 1] - y;
    const cy = seen[c + 1] - y;
    if (isAside(ay, by, cy)) continue;
    const wa = bx * cy - cx * by;
    const wb = cx * ay - ax * cy;
    const wc = ax * by - bx * ay;
    if (!isWithin(wa, wb, wc, isOneSided)) continue;
    const area = wa + wb + wc;
    const depth = (wa * seen[a + 2] + wb * seen[b + 2] + wc * seen[c + 2]) / area;
    if (!found || depth > found.depth) found = { face: at, weights: [wa / area, wb / area, wc / area], depth };
  }
  return found;
}

/** Of a face's corners the one nearest to a point given by weights, by the corners' positions in mm: {vertex, distance, point}. */
export function nearestCorner(corners, positions, weights) {
  const point = [0, 1, 2].map((axis) =>
    weights.reduce((sum, weight, corner) => sum + weight * positions[corner][axis], 0),
  );
  let best = null;
  corners.forEach((vertex, corner) => {
    const distance = Math.hypot(...positions[corner].map((length, axis) => length - point[axis]));
    if (!best || distance < best.distance) best = { vertex, distance };
  });
  return { ...best, point };
}
