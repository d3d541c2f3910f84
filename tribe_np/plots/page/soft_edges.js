// Antialiasing that can be left out of a picture: several samples a pixel in a frame of our own, brought to the canvas.

const N_SAMPLES = 4;

export class SoftEdges {
  #width = 0;
  #height = 0;

  constructor(gl) {
    this.gl = gl;
    this.place = gl.createFramebuffer();
    this.colour = gl.createRenderbuffer();
    this.depth = gl.createRenderbuffer();
    this.nSamples = Math.min(N_SAMPLES, gl.getParameter(gl.MAX_SAMPLES) ?? 0);
  }

  /** From here on everything is drawn softly, until `end`. */
  begin(width, height) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.place);
    if (width === this.#width && height === this.#height) return;
    [this.#width, this.#height] = [width, height];
    for (const [buffer, format, attachment] of [
      [this.colour, gl.RGBA8, gl.COLOR_ATTACHMENT0],
      [this.depth, gl.DEPTH_COMPONENT24, gl.DEPTH_ATTACHMENT],
    ]) {
      gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
      gl.renderbufferStorageMultisample(gl.RENDERBUFFER, this.nSamples, format, width, height);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, attachment, gl.RENDERBUFFER, buffer);
    }
  }

  /** Brings what was drawn to the canvas. */
  end() {
    const { gl } = this;
    const [width, height] = [this.#width, this.#height];
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.place);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.invalidateFramebuffer(gl.READ_FRAMEBUFFER, [gl.COLOR_ATTACHMENT0, gl.DEPTH_ATTACHMENT]);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }
}
