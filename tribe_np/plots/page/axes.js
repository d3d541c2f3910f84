// Round numbers for the axes of the curves.

const STEPS = [1, 2, 5, 10];
const SECOND_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

export function roundTicks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const scale = 10 ** Math.floor(Math.log10(rough));
  const step = scale * STEPS.find((at) => at * scale >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(k === 0 ? 0 : k * step);
  return ticks;
}

export function secondTicks(start, end, wanted) {
  const rough = (end - start) / Math.max(1, wanted);
  const step = SECOND_STEPS.find((at) => at >= rough) ?? SECOND_STEPS.at(-1);
  const ticks = [];
  for (let at = Math.ceil(start / step) * step; at <= end + 1e-9; at += step) ticks.push(at);
  return ticks;
}

// The least and the greatest of many series, with a little air, and 0 among them.
export function rangeOf(seriesList) {
  let low = 0;
  let high = 0;
  for (const series of seriesList) {
    for (const value of series) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low === high) return [low - 1, high + 1];
  const air = (high - low) * 0.06;
  return [low < 0 ? low - air : 0, high > 0 ? high + air : 0];
}
