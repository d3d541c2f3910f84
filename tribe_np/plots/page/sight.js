// What the camera sees of a stage: axes, scale and the way of a point of the cortex to a pixel. Pure functions.

import { between, viewAxes, wrappedAngle } from "./matrices.js";

const MARGIN = 1.06; // air around the brain
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
  return shape.name === "flat" ? [x, z] : [Math.max(x, y), Math.max(x, y, z)];
}

/** {mix, axes, target, pixels (a mm), pan} of a camera at a stage, on a canvas of width x height pixels. */
export function sightOf(stages, stage, camera, width, height) {
  const mix = stages.mixAt(stage);
  const [from, to] = [stages.shapes[mix.from], stages.shapes[mix.to]];
  const side = camera.side === "left" ? 0 : camera.side === "right" ? 1 : 2;
  const frame = between(frameOf(from, side), frameOf(to, side), mix.weight);
  const turned = wrappedAngle(camera.azimuth - OPEN_SIGHT.azimuth) * (1 - mix.open);
  const pixels = Math.min(width / (2 * frame[0] * MARGIN), height / (2 * frame[1] * MARGIN)) * camera.zoom;
  return {
    mix,
    axes: viewAxes(OPEN_SIGHT.azimuth + turned, between(camera.elevation, OPEN_SIGHT.elevation, mix.open)),
    target: between(from.boxes[side].centre, to.boxes[side].centre, mix.weight),
    pixels,
    pan: camera.pan,
    width,
    height,
  };
}

/** A point of the cortex in mm as [x, y, depth]: pixels from the left and the top, mm towards the viewer. */
export function pixelOf(sight, position) {
  const [x, y, z] = sight.axes.map((axis) => axis.reduce((sum, part, index) => sum + part * (position[index] - sight.target[index]), 0));
  const [right, up] = [(x + sight.pan[0]) * sight.pixels, (y + sight.pan[1]) * sight.pixels];
  return [sight.width / 2 + right, sight.height / 2 - up, z];
}
