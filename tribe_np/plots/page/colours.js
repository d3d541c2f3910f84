// Colour tables and the colour of a number: the same sums as Python's ColourScale.

const N_COLOURS = 256;
const FADE = [0, 0.35]; // of the way from no value to a limit: where colours begin, and where nothing shines through

/** How opaque each of n colours is, 0 .. 1: as Python's alpha_ramp. */
export function alphaRamp(n, threshold, scale, isSymmetric) {
  const first = Math.trunc(threshold * (n - 1));
  const last = Math.trunc((threshold + scale) * (n - 1));
  const alpha = Array.from({ length: n }, (_, place) => {
    if (place < first) return 0;
    if (place >= last) return 1;
    return last - first > 1 ? (place - first) / (last - first - 1) : 0;
  });
  if (!isSymmetric) return alpha;
  const falling = alpha.filter((_, place) => (n - 1 - place) % 2 === 0).reverse();
  return [...falling, ...alpha.filter((_, place) => place % 2 === 0)];
}

/** 256 x 4 bytes from 256 x 3: low values let the sulci through. */
export function fadedTable(rgb, isDiverging) {
  const alpha = alphaRamp(N_COLOURS, ...FADE, isDiverging);
  const table = new Uint8Array(N_COLOURS * 4);
  for (let place = 0; place < N_COLOURS; place++) {
    table.set(rgb.subarray(place * 3, place * 3 + 3), place * 4);
    table[place * 4 + 3] = Math.round(alpha[place] * 255);
  }
  return table;
}

/** RGBA bytes of a value; alpha is 0 for null, NaN, and what is nearer to 0 than the threshold. */
export function colourOf(colours, value) {
  const { table, low, high, threshold } = colours;
  const place = Math.min(
    N_COLOURS - 1,
    Math.max(0, Math.floor(((value ?? 0) - low) * (N_COLOURS / (high - low))) || 0),
  );
  const rgba = [...table.subarray(place * 4, place * 4 + 4)];
  const isHidden = value === null || value === undefined || Number.isNaN(value) || Math.abs(value) < (threshold ?? 0);
  if (isHidden) rgba[3] = 0;
  return rgba;
}
