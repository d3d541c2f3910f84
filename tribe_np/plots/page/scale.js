// The colour bar: the colours between the limits, what is hidden, the unit, how finely values are stored, how many
// are cut off.

import { byId, element } from "./dom.js";
import { countWords, valueWords } from "./wording.js";

const SULCI = "#9a9a9a"; // what lies under faded and hidden values

export function showScale({ table, low, high, threshold }, layer) {
  const canvas = byId("scale-bar");
  canvas.width = 256;
  canvas.height = 1;
  const pen = canvas.getContext("2d");
  for (let place = 0; place < 256; place++) {
    const value = low + ((place + 0.5) / 256) * (high - low);
    pen.fillStyle = SULCI;
    pen.fillRect(place, 0, 1, 1);
    if (Math.abs(value) < threshold) continue;
    const [r, g, b, a] = table.subarray(place * 4, place * 4 + 4);
    pen.fillStyle = `rgba(${r}, ${g}, ${b}, ${a / 255})`;
    pen.fillRect(place, 0, 1, 1);
  }
  const span = high - low;
  const ticks = layer.is_diverging && low < 0 && high > 0 ? [low, 0, high] : [low, (low + high) / 2, high];
  byId("scale-ticks").replaceChildren(
    ...ticks.map((value) => {
      const tick = element("span", {}, valueWords(value, span));
      tick.style.left = `${(100 * (value - low)) / span}%`;
      return tick;
    }),
  );
  const said = [layer.unit || "no unit", `stored in steps of ${Number(layer.step.toPrecision(2))} (8 bit)`];
  if (layer.n_clipped) {
    const [least, most] = [layer.low, layer.high].map((end) => valueWords(end, layer.high - layer.low));
    said.push(`${countWords(layer.n_clipped, "value")} beyond ${least} to ${most} cut off there`);
  }
  if (threshold > 0) said.push(`below ${valueWords(threshold, span)} hidden`);
  byId("scale-words").textContent = said.join(" · ");
  canvas.setAttribute("aria-label", `Colour bar from ${valueWords(low, span)} to ${valueWords(high, span)}`);
}
