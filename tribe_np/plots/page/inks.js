// Colours of the curves: six that colour-blind people tell apart (after Okabe and Ito), and three dashes for more.

const DASHES = [[], [7, 4], [2, 3]];
const N_INKS = 6;

export const MOST_CURVES = N_INKS * DASHES.length;

export function inkOf(place) {
  const style = getComputedStyle(document.documentElement);
  return {
    colour: style.getPropertyValue(`--ink-${(place % N_INKS) + 1}`).trim(),
    dash: DASHES[Math.floor(place / N_INKS) % DASHES.length],
  };
}
