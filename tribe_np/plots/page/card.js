// Small tools for the graphics card: programs with their uniforms, buffers, and the uniforms of a sight.

import { columnsOf } from "./matrices.js";

export const CLIP_A_MM = 1 / 600; // depth: the opened brain is less than 600 mm deep to either side

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
export function setSight(gl, uniforms, sight) {
  gl.uniform1f(uniforms.mixWeight, sight.mix.weight);
  gl.uniformMatrix3fv(uniforms.turns, false, sight.turns.flatMap(columnsOf));
  gl.uniform3fv(uniforms.shifts, sight.shifts.flat());
  gl.uniform3f(uniforms.scale, (2 * sight.pixels) / sight.width, (2 * sight.pixels) / sight.height, -CLIP_A_MM);
}
