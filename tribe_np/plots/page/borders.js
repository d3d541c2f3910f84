// Lines between regions: through the middles of the edges whose ends belong to different regions, joined to chains and
// smoothed, so that they do not follow the corners of the triangles. Pure arrays, no WebGL.

const SMOOTHINGS = 3;

/** Points and which of them are joined, by keys: of an edge a number from 0, of a face below 0. */
class BorderLinks {
  links = new Map(); // a point's key -> its neighbours' keys
  corners = new Map(); // a point's key -> the vertices that it is the mean of

  constructor(nVertices) {
    this.nVertices = nVertices;
  }

  edge(a, b) {
    const key = Math.min(a, b) * this.nVertices + Math.max(a, b);
    this.corners.set(key, [a, b]);
    return key;
  }

  meeting(face, corners) {
    this.corners.set(-1 - face, corners);
    return -1 - face;
  }

  join(a, b) {
    if (!this.links.has(a)) this.links.set(a, []);
    if (!this.links.has(b)) this.links.set(b, []);
    this.links.get(a).push(b);
    this.links.get(b).push(a);
  }
}

/**
 * Chains of points between regions. A point is the mean of two vertices (the middle of an edge) or of three (where
 * three regions meet). Returns [{points: [[vertex, vertex(, vertex)], ...], regions: [a, b], isClosed}].
 */
export function borderChains(regionOf, indices, first, stop, nVertices) {
  const borders = new BorderLinks(nVertices);
  for (let at = first; at < stop; at += 3) {
    const corners = [indices[at], indices[at + 1], indices[at + 2]];
    const crossed = [0, 1, 2].filter((side) => regionOf[corners[side]] !== regionOf[corners[(side + 1) % 3]]);
    if (!crossed.length) continue;
    const edges = crossed.map((side) => borders.edge(corners[side], corners[(side + 1) % 3]));
    if (edges.length === 2) borders.join(...edges);
    else for (const edge of edges) borders.join(borders.meeting(at, corners), edge);
  }
  return chained(borders.links).map((keys) => {
    const [a, b] = borders.corners.get(keys.find((key) => key >= 0));
    return {
      points: keys.map((key) => borders.corners.get(key)),
      regions: [regionOf[a], regionOf[b]],
      isClosed: keys.length > 2 && keys[0] === keys[keys.length - 1],
    };
  });
}

/** Every link once, in chains of keys: from ends and meetings first, then what is left, which is closed. */
function chained(links) {
  const chains = [];
  const walk = (start) => {
    while (links.get(start).length) {
      const chain = [start];
      let here = start;
      do {
        const next = links.get(here).pop();
        const back = links.get(next);
        back.splice(back.indexOf(here), 1);
        chain.push(next);
        here = next;
      } while (here !== start && here >= 0 && links.get(here).length === 1);
      chains.push(chain);
    }
  };
  const keys = [...links.keys()];
  for (const key of keys) if (links.get(key).length !== 2) walk(key);
  for (const key of keys) walk(key);
  return chains;
}

/** Means of the numbers (`size` a vertex, the first three are taken) of the vertices of each point of a chain. */
function meansOf(chain, numbers, size) {
  return chain.points.map((vertices) =>
    [0, 1, 2].map((axis) => vertices.reduce((sum, vertex) => sum + numbers[vertex * size + axis], 0) / vertices.length),
  );
}

/** The points with each drawn towards its neighbours; the ends of an open chain stay. */
export function smoothed(points, isClosed) {
  let now = points;
  for (let turn = 0; turn < SMOOTHINGS; turn++) {
    const last = now.length - 1;
    now = now.map((point, index) => {
      if (!isClosed && (index === 0 || index === last)) return point;
      const before = now[index === 0 ? last - 1 : index - 1];
      const after = now[index === last ? 1 : index + 1];
      return point.map((at, axis) => at / 2 + (before[axis] + after[axis]) / 4);
    });
  }
  return now;
}

/**
 * What the lines are drawn from: every point twice (both sides of the line), chains padded by a point at either end.
 * {positions and normals by shape, regions, indices (a strip), nPoints, firstRight (the first vertex on the right)}.
 */
export function lineArrays(chains, shapes, isRight) {
  const sorted = [...chains].sort((a, b) => isRight(a.points[0][0]) - isRight(b.points[0][0]));
  const nPoints = sorted.reduce((sum, chain) => sum + chain.points.length + 2, 0);
  const out = {
    positions: shapes.map(() => new Float32Array(nPoints * 6)),
    normals: shapes.map(() => new Int8Array(nPoints * 8)),
    regions: new Uint16Array(nPoints * 4),
    strips: [[], []],
    firstRight: nPoints * 2,
    nPoints,
  };
  let at = 0;
  for (const chain of sorted) {
    const side = isRight(chain.points[0][0]) ? 1 : 0;
    if (side) out.firstRight = Math.min(out.firstRight, at * 2);
    shapes.forEach((shape, index) => {
      const points = padded(smoothed(meansOf(chain, shape.coordinates, 3), chain.isClosed), chain.isClosed);
      const normals = padded(meansOf(chain, shape.normals, 4), chain.isClosed);
      points.forEach((point, place) => {
        for (const twin of [0, 1]) {
          out.positions[index].set(point, (at + place) * 6 + twin * 3);
          out.normals[index].set(normals[place], (at + place) * 8 + twin * 4);
        }
      });
    });
    const n = chain.points.length;
    for (let place = 0; place < n + 2; place++) out.regions.set([...chain.regions, ...chain.regions], (at + place) * 4);
    for (let place = 0; place < n; place++) out.strips[side].push((at + place) * 2, (at + place) * 2 + 1); // each reads the next two
    out.strips[side].push(0xffffffff); // a new strip
    at += n + 2;
  }
  return out;
}

function padded(points, isClosed) {
  const last = points.length - 1;
  return isClosed ? [points[last - 1], ...points, points[1]] : [points[0], ...points, points[last]];
}
