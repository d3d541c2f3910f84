// Which rows of a layer a time of the stimulus shows: the same cases as Python's RowClock, as pure functions.
//
// A row's value stands at its start; between two rows it changes linearly. Where rows are missing (a gap longer than
// 1.5 TR, before the first, more than one TR after the last) nothing was predicted, and nothing is returned.

const LONGEST_GAP = 1.5; // TR between two rows that still belong together
const ROUNDING = 1e-6; // seconds: a time that is a start but for rounding is that start

/** The layer's own time at a time of the stimulus: with "bold" the scan lags `offset` seconds behind. */
export function rowTime(seconds, align, offset) {
  return align === "bold" ? seconds - offset : seconds;
}

/** The last index with starts[index] <= time, or -1; starts rise. */
export function lastStartAt(starts, time) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** {row, next, weight} around a time of the stimulus, weight being that of `next`; or null where nothing stands. */
export function rowsAt(clock, seconds) {
  if (clock.isStatic) return { row: 0, next: 0, weight: 0 };
  const time = rowTime(seconds, clock.align, clock.offset);
  const row = lastStartAt(clock.starts, time + ROUNDING);
  if (row < 0) return null;
  const since = Math.max(0, time - clock.starts[row]);
  const isLast = row + 1 === clock.starts.length;
  const gap = isLast ? Infinity : clock.starts[row + 1] - clock.starts[row];
  if (gap > LONGEST_GAP * clock.tr + ROUNDING) return since <= clock.tr + ROUNDING ? { row, next: row, weight: 0 } : null;
  const weight = since / gap;
  return weight > ROUNDING ? { row, next: row + 1, weight } : { row, next: row, weight: 0 };
}
