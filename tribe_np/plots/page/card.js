// Small tools for the graphics card: programs with their uniforms, buffers, and the uniforms of a sight.

import { columnsOf } from "./matrices.js";

const DEPTH = 1 / 600; // clip units a mm: the brain is at most 400 mm deep at any angle

/** A linked program and the places of its uniforms by name. */
export function linkProgram(gl, vertexText, pixelText) {
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, vertexText],
    [gl.FRAGMENT_SHADER, pixelText],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
    throw new Error(`The graphics card refused a shader: ${[gl.getProgramInfoLog(program), ...logs].join(" ")}`);
  }
  const uniforms = {};
  const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) ?? 0;
  for (let index = 0; index < count; index++) {
    const name = gl.getActiveUniform(program, index).name.replace("[0]", "");
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

/** A static buffer with these numbers in it. */
export function filledBuffer(gl, numbers, target = gl.ARRAY_BUFFER) {
  const buffer = gl.createBuffer();
  gl.bindBuffer(target, buffer);
  gl.bufferData(target, numbers, gl.STATIC_DRAW);
  return buffer;
}

/** Tells a program (PLACING in shaders.js) where things are and how the camera looks at them. */
export function setSight(gl, uniforms, sight, stages) {
  const { mix } = sight;
  gl.uniform1f(uniforms.mixWeight, mix.weight);
  gl.uniform1f(uniforms.isOpen, mix.open);
  gl.uniform3fv(uniforms.fromPivots, stages.shapes[mix.from].pivots.flat());
  gl.uniform3fv(uniforms.toPivots, stages.shapes[mix.to].pivots.flat());
  gl.uniformMatrix3fv(uniforms.axes, false, columnsOf(sight.axes));
  gl.uniform3fv(uniforms.target, sight.target);
  const [sx, sy] = [(2 * sight.pixels) / sight.width, (2 * sight.pixels) / sight.height];
  gl.uniform3f(uniforms.scale, sx, sy, DEPTH);
  gl.uniform2f(uniforms.pan, sight.pan[0] * sx, sight.pan[1] * sy);
}
