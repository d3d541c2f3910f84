// What the camera sees of a stage: axes, scale and the way of a point of the cortex to a pixel. Pure functions.

import { applied, between, product, viewAxes, wrappedAngle } from "./matrices.js";

const MARGIN = 1.06; // air around the brain
const FLAT_AIR = 1.2; // more above and below flat maps: a turning cortex has it of itself, as it is longer than high
const SWING = 0.8; // more of it while the book is half open, when its wings stand out to all sides
const OPEN_SIGHT = { azimuth: 270, elevation: 0 }; // the opened book is looked at from behind

// Directions as nilearn counts them; a medial view shows its hemisphere alone.
export const SCENE_VIEWS = {
  left: { azimuth: 180, elevation: 0, side: "both" },
  right: { azimuth: 0, elevation: 0, side: "both" },
  lateral_left: { azimuth: 180, elevation: 0, side: "both" },
  lateral_right: { azimuth: 0, elevation: 0, side: "both" },
  medial_left: { azimuth: 0, elevation: 0, side: "left" },
  medial_right: { azimuth: 180, elevation: 0, side: "right" },
  dorsal: { azimuth: 0, elevation: 90, side: "both" },
  ventral: { azimuth: 0, elevation: -90, side: "both" },
  anterior: { azimuth: 90, elevation: 0, side: "both" },
  posterior: { azimuth: 270, elevation: 0, side: "both" },
};

/** Half the width and height in mm that a whole turn of a shape needs; a flat map is never turned. */
function frameOf(shape, side) {
  const [x, y, z] = shape.boxes[side].half;
  return shape.name === "flat" ? [x, z * FLAT_AIR] : [Math.max(x, y), Math.max(x, y, z)];
}

/** How a camera looks at a stage, on a canvas of width x height pixels: {mix, turns, shifts, pixels (a mm), ...}. */
export function sightOf(stages, stage, camera, width, height) {
  const mix = stages.mixAt(stage);
  const [from, to] = [stages.shapes[mix.from], stages.shapes[mix.to]];
  const side = camera.side === "left" ? 0 : camera.side === "right" ? 1 : 2;
  const air = MARGIN * (1 + SWING * mix.open * (1 - mix.open));
  const [halfWidth, halfHeight] = between(frameOf(from, side), frameOf(to, side), mix.weight);
  const aside = wrappedAngle(camera.azimuth - OPEN_SIGHT.azimuth) * (1 - mix.open);
  const axes = viewAxes(OPEN_SIGHT.azimuth + aside, between(camera.elevation, OPEN_SIGHT.elevation, mix.open));
  const target = between(from.boxes[side].centre, to.boxes[side].centre, mix.weight);
  const sides = [0, 1].map((hemisphere) => {
    const pivot = between(from.pivots[hemisphere], to.pivots[hemisphere], mix.weight);
    const turn = product(axes, openedBy(hemisphere, mix.open));
    const [there, back] = [
      applied(
        axes,
        pivot.map((at, axis) => at - target[axis]),
      ),
      applied(turn, pivot),
    ];
    return { turn, shift: [0, 1, 2].map((axis) => there[axis] - back[axis] + (camera.pan[axis] ?? 0)) };
  });
  return {
    mix,
    turns: sides.map(({ turn }) => turn),
    shifts: sides.map(({ shift }) => shift),
    pixels: Math.min(width / (2 * halfWidth * air), height / (2 * halfHeight * air)) * camera.zoom,
    width,
    height,
  };
}

/** The quarter turn about the vertical by which a hemisphere opens, as rows. */
function openedBy(hemisphere, open) {
  const angle = (hemisphere === 0 ? 1 : -1) * open * (Math.PI / 2);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [cos, -sin, 0],
    [sin, cos, 0],
    [0, 0, 1],
  ];
}

/** Of a vertex [x, y, depth]: pixels from the left and from the top of the canvas, mm towards the viewer. */
export function pixelOf(sight, stages, vertex) {
  const hemisphere = vertex < stages.perHemisphere ? 0 : 1;
  const [x, y, z] = applied(sight.turns[hemisphere], stages.mixed(vertex, sight.mix));
  const [right, up, near] = sight.shifts[hemisphere];
  return [sight.width / 2 + (x + right) * sight.pixels, sight.height / 2 - (y + up) * sight.pixels, z + near];
}
