// The curves of the chosen regions. They are drawn when something about them changes; in time only the cursor moves.

import { rangeOf, roundTicks, secondTicks } from "./axes.js";
import { byId } from "./dom.js";
import { inkOf } from "./inks.js";
import { seriesAt } from "./values.js";
import { clockWords, valueWords } from "./wording.js";

const PLOT_MARGIN = { left: 52, right: 14, top: 12, bottom: 26 };
const LONGEST_GAP = 1.5; // TR: over a longer gap no line is drawn
const DOT = 6; // px of a row that has no neighbour

export class Curves {
  constructor(onseek) {
    this.box = byId("plot");
    this.canvas = byId("plot-canvas");
    this.cursor = byId("plot-cursor");
    this.offset = byId("plot-offset");
    this.lines = [];
    this.end = 1;
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.canvas.addEventListener("click", (event) => onseek(this.timeAt(event.offsetX)));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.leave());
  }

  // lines: [{ name, series, slot }], the slot being that of its colour; clock: the layer's; shift: seconds that the rows stand later (BOLD time).
  load({ lines, clock, shift, end, unit }) {
    Object.assign(this, { lines, clock, shift, end, unit });
    this.range = rangeOf(lines.map((line) => line.series));
    this.near = null;
    byId("plot-tip").hidden = true;
    this.draw();
  }

  get plotWidth() {
    return Math.max(1, this.box.clientWidth - PLOT_MARGIN.left - PLOT_MARGIN.right);
  }

  get plotHeight() {
    return Math.max(1, this.box.clientHeight - PLOT_MARGIN.top - PLOT_MARGIN.bottom);
  }

  x(seconds) {
    return PLOT_MARGIN.left + (seconds / this.end) * this.plotWidth;
  }

  y(value) {
    const [low, high] = this.range;
    return PLOT_MARGIN.top + (1 - (value - low) / (high - low)) * this.plotHeight;
  }

  timeAt(x) {
    return Math.min(this.end, Math.max(0, ((x - PLOT_MARGIN.left) / this.plotWidth) * this.end));
  }

  draw() {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width || !this.range) return;
    const sharp = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * sharp);
    this.canvas.height = Math.round(height * sharp);
    const pen = this.canvas.getContext("2d");
    pen.scale(sharp, sharp);
    pen.clearRect(0, 0, width, height);
    this.drawAxes(pen);
    if (this.clock?.isStatic) this.drawBars(pen);
    else for (const [place, line] of this.lines.entries()) this.drawLine(pen, place, line);
    if (this.time !== undefined) this.moveTo(this.time);
  }

  drawAxes(pen) {
    const style = getComputedStyle(this.box);
    pen.font = `12px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.lineWidth = 1;
    const values = roundTicks(...this.range, this.plotHeight / 44);
    const span = values.length > 1 ? values[1] - values[0] : 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of values) {
      const y = Math.round(this.y(value)) + 0.5;
      pen.strokeStyle = style.getPropertyValue(value === 0 ? "--rule-strong" : "--rule");
      pen.beginPath();
      pen.moveTo(PLOT_MARGIN.left, y);
      pen.lineTo(PLOT_MARGIN.left + this.plotWidth, y);
      pen.stroke();
      pen.fillText(tickWords(value, span), PLOT_MARGIN.left - 8, y);
    }
    if (this.clock?.isStatic) return;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const seconds of secondTicks(0, this.end, this.plotWidth / 84)) {
      pen.fillText(clockWords(seconds, this.end < 5 ? 1 : 0), this.x(seconds), PLOT_MARGIN.top + this.plotHeight + 8);
    }
  }

  drawLine(pen, place, { series, slot }) {
    const { starts, tr } = this.clock;
    const ink = inkOf(slot);
    pen.strokeStyle = ink.colour;
    pen.setLineDash(ink.dash);
    pen.lineJoin = "round";
    pen.lineWidth = this.near === place ? 3.2 : 1.8;
    pen.globalAlpha = this.near === null || this.near === place ? 1 : 0.45;
    pen.fillStyle = ink.colour;
    pen.beginPath();
    const isRow = (row) => row >= 0 && row < series.length && Number.isFinite(series[row]);
    const isJoined = (row) => isRow(row - 1) && isRow(row) && starts[row] - starts[row - 1] <= LONGEST_GAP * tr;
    for (let row = 0; row < series.length; row++) {
      if (!isRow(row)) continue;
      const [x, y] = [this.x(starts[row] + this.shift), this.y(series[row])];
      if (isJoined(row)) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      if (!isJoined(row) && !isJoined(row + 1)) pen.fillRect(x - DOT / 2, y - DOT / 2, DOT, DOT); // no line would show it
    }
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  // A map without time: one bar for each region.
  drawBars(pen) {
    const step = this.plotWidth / Math.max(1, this.lines.length);
    const width = Math.min(64, step * 0.6);
    const style = getComputedStyle(this.box);
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const [place, { name, series, slot }] of this.lines.entries()) {
      const middle = PLOT_MARGIN.left + (place + 0.5) * step;
      const [zero, y] = [this.y(0), this.y(Number.isFinite(series[0]) ? series[0] : 0)];
      pen.fillStyle = inkOf(slot).colour;
      pen.fillRect(middle - width / 2, Math.min(zero, y), width, Math.max(1, Math.abs(y - zero)));
      pen.fillStyle = style.color;
      pen.fillText(name, middle, PLOT_MARGIN.top + this.plotHeight + 8, step - 6);
    }
  }

  // The cursor at a time, and the offset between a stimulus and its BOLD beside it.
  moveTo(seconds, bridge = this.bridge) {
    this.time = seconds;
    this.bridge = bridge;
    const isStatic = Boolean(this.clock?.isStatic);
    this.cursor.hidden = isStatic;
    this.offset.hidden = isStatic || !bridge;
    this.cursor.style.transform = `translateX(${this.x(seconds)}px)`;
    if (this.offset.hidden) return;
    const from = Math.max(0, seconds + Math.min(0, bridge));
    const to = Math.min(this.end, seconds + Math.max(0, bridge));
    this.offset.style.transform = `translateX(${this.x(from)}px)`;
    this.offset.style.width = `${this.x(to) - this.x(from)}px`;
    this.offset.classList.toggle("is-back", bridge < 0);
    const words = bridge < 0 ? `shown ${-bridge} s before` : `BOLD ${bridge} s later`;
    if (byId("plot-offset-words").textContent !== words) byId("plot-offset-words").textContent = words;
  }

  point(event) {
    if (!this.lines.length || this.clock?.isStatic) return;
    const seconds = this.timeAt(event.offsetX);
    const values = this.lines.map((line) => seriesAt(line.series, this.clock, seconds - this.shift, "stimulus"));
    let near = null;
    values.forEach((value, place) => {
      if (!Number.isFinite(value)) return;
      if (near === null || Math.abs(this.y(value) - event.offsetY) < Math.abs(this.y(values[near]) - event.offsetY))
        near = place;
    });
    const said =
      near === null
        ? "no value"
        : `${this.lines[near].name}  ${valueWords(values[near], this.range[1] - this.range[0])}`;
    this.tell(`${clockWords(seconds)}  ${said}`, event.offsetX, event.offsetY);
    if (near === this.near) return;
    this.near = near;
    this.draw();
  }

  // Brings one line out, as its entry of the legend is pointed at.
  pointAt(place) {
    this.near = place === null || place < 0 ? null : place;
    this.draw();
  }

  tell(words, x, y) {
    const tip = byId("plot-tip");
    tip.textContent = words;
    tip.hidden = false;
    const left = Math.min(this.box.clientWidth - tip.offsetWidth - 4, Math.max(4, x + 14));
    tip.style.transform = `translate(${left}px, ${Math.max(0, y - 36)}px)`;
  }

  leave() {
    byId("plot-tip").hidden = true;
    if (this.near === null) return;
    this.near = null;
    this.draw();
  }
}

function tickWords(value, step) {
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9)));
  return Math.abs(value) >= 1e6 ? value.toExponential(0) : value.toFixed(decimals).replace("-", "−");
}
