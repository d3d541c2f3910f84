// Lines between regions: through the middles of the edges whose ends belong to different regions, joined to chains and
// smoothed, so that they do not follow the corners of the triangles. Pure arrays, no WebGL.

const SMOOTHINGS = 3;
const NEW_STRIP = 0xffffffff; // an index at which WebGL begins another strip

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
    const region = regionOf[indices[at]];
    if (regionOf[indices[at + 1]] === region && regionOf[indices[at + 2]] === region) continue;
    const corners = [indices[at], indices[at + 1], indices[at + 2]];
    const crossed = [0, 1, 2].filter((side) => regionOf[corners[side]] !== regionOf[corners[(side + 1) % 3]]);
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

/** Of each point the unit vector from the one before to the one after. */
function waysOf(points, isClosed) {
  const last = points.length - 1;
  return points.map((point, index) => {
    const before = points[index > 0 ? index - 1 : isClosed ? last - 1 : 0];
    const after = points[index < last ? index + 1 : isClosed ? 1 : last];
    const way = point.map((_, axis) => after[axis] - before[axis]);
    const length = Math.hypot(...way) || 1;
    return way.map((part) => part / length);
  });
}

/** The places of a chain of n points that are drawn: every other one, and its ends. */
function drawnPlaces(n) {
  return Array.from({ length: n }, (_, place) => place).filter((place) => place % 2 === 0 || place === n - 1);
}

/**
 * What the lines are drawn from: every point twice, for both sides of the line. {positions, ways and normals by shape,
 * regions, strips (indices of the left and the right hemisphere's), firstRight (the first vertex on the right)}.
 */
export function lineArrays(chains, shapes, isRight) {
  const sorted = [...chains].sort((a, b) => isRight(a.points[0][0]) - isRight(b.points[0][0]));
  const nPoints = sorted.reduce((sum, chain) => sum + drawnPlaces(chain.points.length).length, 0);
  const out = {
    positions: shapes.map(() => new Float32Array(nPoints * 6)),
    ways: shapes.map(() => new Int8Array(nPoints * 8)),
    normals: shapes.map(() => new Int8Array(nPoints * 8)),
    regions: new Uint16Array(nPoints * 4),
    strips: [[], []],
    firstRight: nPoints * 2,
  };
  let at = 0;
  for (const chain of sorted) {
    const side = isRight(chain.points[0][0]) ? 1 : 0;
    if (side) out.firstRight = Math.min(out.firstRight, at * 2);
    const places = drawnPlaces(chain.points.length);
    shapes.forEach((shape, index) => {
      const points = smoothed(meansOf(chain, shape.coordinates, 3), chain.isClosed);
      const ways = waysOf(points, chain.isClosed).map((way) => way.map((part) => part * 127));
      const normals = meansOf(chain, shape.normals, 4);
      places.forEach((place, order) => {
        for (const twin of [2 * (at + order), 2 * (at + order) + 1]) {
          out.positions[index].set(points[place], twin * 3);
          out.ways[index].set(ways[place], twin * 4);
          out.normals[index].set(normals[place], twin * 4);
        }
      });
    });
    for (let twin = at * 2; twin < (at + places.length) * 2; twin++) {
      out.regions.set(chain.regions, twin * 2);
      out.strips[side].push(twin);
    }
    out.strips[side].push(NEW_STRIP);
    at += places.length;
  }
  return out;
}
