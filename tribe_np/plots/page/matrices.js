// Angles, axes and frames of an orthographic camera: pure functions on plain arrays, no WebGL.
//
// World: millimetres as FreeSurfer has them, x to the right, y forward, z up.
// Camera: azimuth and elevation in degrees as nilearn counts them: 0, 0 looks from the right, 180, 0 from the left.

const DEGREE = Math.PI / 180;

/** The angle brought to -180 .. 180. */
export function wrappedAngle(degrees) {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

/** Rows of the rotation from world to view: to the right, up, towards the viewer. */
export function viewAxes(azimuth, elevation) {
  const [ca, sa] = [Math.cos(azimuth * DEGREE), Math.sin(azimuth * DEGREE)];
  const [ce, se] = [Math.cos(elevation * DEGREE), Math.sin(elevation * DEGREE)];
  return [
    [-sa, ca, 0],
    [-se * ca, -se * sa, ce],
    [ce * ca, ce * sa, se],
  ];
}

/** Rows as the column-major nine numbers that uniformMatrix3fv takes. */
export function columnsOf(rows) {
  return [0, 1, 2].flatMap((column) => rows.map((row) => row[column]));
}

/** Rows times a vector. */
export function applied(rows, vector) {
  return rows.map((row) => row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2]);
}

/** Rows times rows. */
export function product(a, b) {
  return a.map((row) =>
    [0, 1, 2].map((column) => row[0] * b[0][column] + row[1] * b[1][column] + row[2] * b[2][column]),
  );
}

/** Centre and half the extent, each (3,), of those coordinates (flat array) that `has` lets through. */
export function boxOf(coordinates, first, stop, has = null) {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let vertex = first; vertex < stop; vertex++) {
    if (has && !has[vertex]) continue;
    for (let axis = 0; axis < 3; axis++) {
      const at = coordinates[vertex * 3 + axis];
      if (at < low[axis]) low[axis] = at;
      if (at > high[axis]) high[axis] = at;
    }
  }
  return { centre: low.map((at, axis) => (at + high[axis]) / 2), half: low.map((at, axis) => (high[axis] - at) / 2) };
}

/** From a to b, weight 0 .. 1, for numbers or arrays of them. */
export function between(a, b, weight) {
  if (typeof a === "number") return a + (b - a) * weight;
  return a.map((at, index) => at + (b[index] - at) * weight);
}

/** 0 .. 1 with a soft start and a soft end. */
export function eased(weight) {
  const at = Math.min(1, Math.max(0, weight));
  return at * at * (3 - 2 * at);
}
