// The programs that run on the graphics card: the surface, and the lines around regions.

// Where a vertex is: two shapes mixed, then one rotation and shift for each hemisphere (sight.js), as on the CPU.
const PLACING = `
uniform float mixWeight;
uniform mat3 turns[2];
uniform vec3 shifts[2];
uniform vec3 scale;
vec4 placed(vec3 from, vec3 to, int side) {
  return vec4((turns[side] * mix(from, to, mixWeight) + shifts[side]) * scale, 1.0);
}
`;

export const SURFACE_VERTEX = `#version 300 es
precision highp float;
layout(location=0) in vec3 fromPosition;
layout(location=1) in vec3 toPosition;
layout(location=2) in vec3 fromNormal;
layout(location=3) in vec3 toNormal;
layout(location=4) in float sulc;
layout(location=5) in float rowValue;
layout(location=6) in float nextValue;
uniform int perHemisphere;
uniform float nextWeight;
centroid out vec3 normal;  // at edges taken within the triangle, not beyond it
centroid out vec3 value;
${PLACING}
void main() {
  int side = gl_VertexID < perHemisphere ? 0 : 1;
  gl_Position = placed(fromPosition, toPosition, side);
  normal = turns[side] * mix(fromNormal, toNormal, mixWeight);
  float has = rowValue < 254.5 && (nextValue < 254.5 || nextWeight == 0.0) ? 1.0 : 0.0;
  value = vec3(mix(rowValue, nextValue, nextWeight) * has, has, sulc);
}`;

// Light: a soft key from above left, scaled to 1 where the surface faces the viewer, so that there a colour is that of
// the colour bar; the rim is a little darker, as paper renderings have it.
export const SURFACE_PIXEL = `#version 300 es
precision highp float;
centroid in vec3 normal;
centroid in vec3 value;
uniform sampler2D table;
uniform vec2 valueRange;  // what index 0 stands for, and one step
uniform vec2 limits;      // lowest colour, colours a unit
uniform float threshold, isLit, opacity, folds, hasGaps;
out vec4 colour;
const vec3 KEY = vec3(-0.36, 0.44, 0.82);
void main() {
  vec3 n = normalize(normal);
  if (!gl_FrontFacing) n = -n;
  vec3 seen = mix(vec3(0.86, 0.855, 0.845), vec3(0.50, 0.495, 0.49), smoothstep(0.38, 0.66, value.z));
  float number = valueRange.x + valueRange.y * value.x / max(value.y, 1e-6);
  int place = int(clamp((number - limits.x) * limits.y, 0.0, 255.0));
  vec4 shown = texelFetch(table, ivec2(place, 0), 0);
  float alpha = shown.a;
  if (hasGaps > 0.5) alpha *= clamp((value.y - 0.5) / max(fwidth(value.y), 1e-6) + 0.5, 0.0, 1.0);
  if (threshold > 0.0) alpha *= clamp((abs(number) - threshold) / max(fwidth(number), 1e-9) + 0.5, 0.0, 1.0);
  seen = mix(seen, shown.rgb, alpha);
  float diffuse = 0.5 + 0.5 * dot(n, KEY);
  float light = 0.36 + 0.70 * diffuse * diffuse + 0.06 * n.z;
  float deep = 1.0 - folds * smoothstep(0.40, 0.85, value.z);
  float gleam = max(0.0, 0.9 * n.z + 0.3 * n.y);
  gleam *= gleam;
  gleam *= gleam;
  gleam *= gleam;
  vec3 lit = seen * (light * deep) + 0.05 * gleam * gleam;
  colour = vec4(mix(seen, lit, isLit), 1.0) * opacity;
}`;

// A line is a strip as wide as it shall be in pixels, and one more for its soft edge.
export const LINE_VERTEX = `#version 300 es
precision highp float;
layout(location=0) in vec3 fromPosition;
layout(location=1) in vec3 toPosition;
layout(location=2) in vec3 fromWay;
layout(location=3) in vec3 toWay;
layout(location=4) in vec3 fromNormal;
layout(location=5) in vec3 toNormal;
layout(location=6) in vec2 regions;
uniform int firstRight;
uniform vec2 canvasSize;
uniform float halfWidth, nearer, region, isTwoSided;
out float across;
out float seen;
${PLACING}
void main() {
  int side = gl_VertexID < firstRight ? 0 : 1;
  vec4 here = placed(fromPosition, toPosition, side);
  vec2 way = (turns[side] * mix(fromWay, toWay, mixWeight)).xy;
  way = way / max(length(way), 1e-6);
  float hand = (gl_VertexID & 1) == 0 ? 1.0 : -1.0;
  vec3 normal = turns[side] * mix(fromNormal, toNormal, mixWeight);
  seen = isTwoSided > 0.5 ? 1.0 : smoothstep(0.0, 0.25, normal.z);
  across = hand * (halfWidth + 1.0) * (seen > 0.0 ? 1.0 : 0.0);  // on the far side it has no width, and costs little
  gl_Position = here + vec4(vec2(-way.y, way.x) * across * 2.0 / canvasSize, -nearer, 0.0);
  if (region >= 0.0 && regions.x != region && regions.y != region) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

export const LINE_PIXEL = `#version 300 es
precision highp float;
in float across;
in float seen;
uniform float halfWidth;
uniform vec4 ink;
out vec4 colour;
void main() {
  float alpha = ink.a * seen * clamp(halfWidth + 0.5 - abs(across), 0.0, 1.0);
  colour = vec4(ink.rgb * alpha, alpha);
}`;
