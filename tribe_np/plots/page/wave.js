// The wave of a sound, drawn where a film would stand. What it has played of it is darker.

const RATE = 8000; // Hz: enough for an outline
const LONGEST_WAVE = 1200; // seconds; a longer sound would take too much memory

export class Wave {
  constructor(canvas, duration) {
    this.canvas = canvas;
    this.duration = duration;
    this.peaks = null;
    this.drawn = "";
    new ResizeObserver(() => this.draw(this.part ?? 0)).observe(canvas);
  }

  async read(blob) {
    const Context = window.OfflineAudioContext;
    if (!Context || this.duration > LONGEST_WAVE) return;
    try {
      const sound = await new Context(1, 1, RATE).decodeAudioData(await blob.arrayBuffer());
      this.peaks = peaksOf(sound.getChannelData(0), 600);
      this.drawn = "";
      this.draw(this.part ?? 0);
    } catch {
      // Without a wave the sound plays all the same.
    }
  }

  draw(part) {
    this.part = part;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const sharp = window.devicePixelRatio || 1;
    const state = `${width} ${height} ${Math.round(part * width)} ${document.documentElement.dataset.theme}`;
    if (!this.peaks || !width || state === this.drawn) return;
    this.drawn = state;
    this.canvas.width = Math.round(width * sharp);
    this.canvas.height = Math.round(height * sharp);
    const pen = this.canvas.getContext("2d");
    pen.scale(sharp, sharp);
    const style = getComputedStyle(this.canvas);
    const step = 4;
    const most = Math.max(...this.peaks) || 1;
    for (let x = 0; x < width; x += step) {
      const peak = this.peaks[Math.floor((x / width) * this.peaks.length)] / most;
      const half = Math.max(1, peak * (height / 2 - 2));
      pen.fillStyle = style.getPropertyValue(x / width <= part ? "--accent" : "--rule-strong");
      pen.fillRect(x, height / 2 - half, step - 1.5, 2 * half);
    }
  }
}

function peaksOf(samples, n) {
  const peaks = new Float32Array(n);
  for (let at = 0; at < samples.length; at++) {
    const place = Math.min(n - 1, Math.floor((at / samples.length) * n));
    peaks[place] = Math.max(peaks[place], Math.abs(samples[at]));
  }
  return peaks;
}
