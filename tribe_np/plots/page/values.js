// The numbers under the colours: a vertex, the mean of a region, through all rows or at one time.

import { rowsAt } from "./clock.js";

const EMPTY = 255; // the index that stands for "not computed"

function valueOfIndex(layer, index) {
  return index === EMPTY ? Number.NaN : layer.low + (index * (layer.high - layer.low)) / (EMPTY - 1);
}

// Values (rows) of one vertex.
export function vertexSeries(layer, vertex) {
  const n = layer.values.length / layer.nRows;
  return Float32Array.from({ length: layer.nRows }, (_, row) => valueOfIndex(layer, layer.values[row * n + vertex]));
}

// Means (rows) over some vertices, those without a value left out; NaN where none has one.
export function meanSeries(layer, vertices) {
  const n = layer.values.length / layer.nRows;
  return Float32Array.from({ length: layer.nRows }, (_, row) => {
    let sum = 0;
    let count = 0;
    for (const vertex of vertices) {
      const index = layer.values[row * n + vertex];
      if (index === EMPTY) continue;
      sum += index;
      count += 1;
    }
    return count ? layer.low + ((sum / count) * (layer.high - layer.low)) / (EMPTY - 1) : Number.NaN;
  });
}

// A series at a time of the page; NaN where nothing is predicted.
export function seriesAt(series, clock, seconds, align) {
  const rows = rowsAt({ ...clock, align }, seconds);
  if (!rows) return Number.NaN;
  return rows.weight ? series[rows.row] * (1 - rows.weight) + series[rows.next] * rows.weight : series[rows.row];
}

export function vertexAt(layer, vertex, seconds, align) {
  const n = layer.values.length / layer.nRows;
  const rows = rowsAt({ ...layer.clock, align }, seconds);
  if (!rows) return Number.NaN;
  const here = valueOfIndex(layer, layer.values[rows.row * n + vertex]);
  return rows.weight
    ? here * (1 - rows.weight) + valueOfIndex(layer, layer.values[rows.next * n + vertex]) * rows.weight
    : here;
}
