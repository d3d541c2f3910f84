// Turning the brain by mouse, touch and keyboard. No inertia: it stands still when the hand does.

const TURN = 0.4; // degrees a CSS pixel
const STEP = 10; // degrees a key
const SHIFT = 8; // mm a key, where the flat maps are moved instead
const ZOOM_STEP = 1.2;
const [LEAST_ZOOM, MOST_ZOOM] = [0.4, 12];
const FLAT_FROM = 1.5; // from here on the maps face the viewer, and a drag moves them
const KEY_VIEWS = { 1: "left", 2: "right", 3: "dorsal", 4: "ventral", 5: "anterior", 6: "posterior" };

/** The camera turned by degrees; it does not go over the poles. */
export function turned(camera, right, up) {
  return { ...camera, azimuth: camera.azimuth + right, elevation: Math.min(90, Math.max(-90, camera.elevation + up)) };
}

/** The camera nearer by a factor, so that what is `at` (mm right and up of the middle of the canvas) stays there. */
export function zoomed(camera, factor, at = [0, 0]) {
  const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, camera.zoom * factor));
  const share = camera.zoom / zoom;
  return { ...camera, zoom, pan: camera.pan.map((length, axis) => length - at[axis] * (1 - share)) };
}

/** The camera after a key, or null if the key means nothing here. */
export function afterKey(camera, key, isFlat) {
  const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (key in arrows) {
    const [right, up] = arrows[key];
    if (isFlat) return { ...camera, pan: [camera.pan[0] + right * SHIFT, camera.pan[1] - up * SHIFT] };
    return turned(camera, right * STEP, up * STEP);
  }
  if (key === "+" || key === "=") return zoomed(camera, ZOOM_STEP);
  if (key === "-" || key === "_") return zoomed(camera, 1 / ZOOM_STEP);
  return null;
}

/** Lets mouse, touch and keys on the scene's canvas turn it; onchange() is called after each. */
export function makeTurnable(scene, onchange = () => {}) {
  const { canvas } = scene;
  const fingers = new Map(); // pointerId -> [x, y]
  const listen = (name, act, options = {}) => canvas.addEventListener(name, act, options);
  const move = (camera) => {
    scene.camera = camera;
    onchange();
  };
  canvas.style.touchAction = "none"; // fingers on the brain turn it; elsewhere they scroll the page
  listen("pointerdown", (event) => {
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // a pointer made by a script cannot be captured, and need not be
    }
  });
  listen("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const now = [event.clientX, event.clientY];
    fingers.set(event.pointerId, now);
    if (others.length > 1) return;
    const isPan = event.pointerType === "mouse" && (event.buttons & 6 || event.shiftKey);
    move(others.length ? afterPinch(scene, before, now, others[0]) : afterDrag(scene, before, now, isPan));
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
    listen(name, (event) => fingers.delete(event.pointerId));
  listen("contextmenu", (event) => event.preventDefault());
  listen(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 30 : 1;
      move(
        zoomed(scene.camera, Math.exp(-event.deltaY * lines * 0.0015), scene.lengthsTo(event.clientX, event.clientY)),
      );
    },
    { passive: false },
  );
  listen("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isView = event.key in KEY_VIEWS || event.key === "0";
    const camera = isView ? null : afterKey(scene.camera, event.key, scene.shape >= FLAT_FROM);
    if (!isView && !camera) return;
    event.preventDefault();
    if (isView) scene.view(KEY_VIEWS[event.key] ?? "start");
    else scene.camera = camera;
    onchange();
  });
}

function afterDrag(scene, before, now, isPan) {
  const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
  const { camera } = scene;
  if (!isPan && scene.shape < FLAT_FROM) return turned(camera, -dx * TURN, dy * TURN);
  return { ...camera, pan: [camera.pan[0] + dx / scene.pixelsPerMm, camera.pan[1] - dy / scene.pixelsPerMm] };
}

function afterPinch(scene, before, now, other) {
  const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
  const [was, is] = [before, now].map((at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1);
  const moved = afterDrag(scene, [before[0] / 2, before[1] / 2], [now[0] / 2, now[1] / 2], true);
  return zoomed(moved, is / was, scene.lengthsTo(...middle));
}
