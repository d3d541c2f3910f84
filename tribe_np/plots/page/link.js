// The view in the address: what stands after #. A broken or hostile one is ignored piece by piece: numbers must be
// finite and in range, names must be known; nothing of it is ever run or shown.

const LONGEST_LINK = 4000; // characters
const SIDES = ["both", "left", "right"];

function numberIn(text, low, high) {
  if (text === null || !/^-?\d{1,9}(\.\d{1,9})?(e[+-]?\d{1,2})?$/i.test(text.trim())) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}

function kept(value, digits = 3) {
  return String(Number(value.toFixed(digits)));
}

export function linkOf(now, time, camera) {
  const parts = new URLSearchParams();
  parts.set("t", kept(time, 2));
  if (camera) {
    parts.set("az", kept(camera.azimuth, 1));
    parts.set("el", kept(camera.elevation, 1));
    parts.set("zoom", kept(camera.zoom));
    parts.set("pan", (camera.pan ?? [0, 0]).map((at) => kept(at, 2)).join(","));
    parts.set("side", camera.side ?? "both");
  }
  parts.set("shape", kept(now.shape, 2));
  parts.set("layer", String(now.layer));
  parts.set("align", now.align);
  parts.set("map", now.map);
  parts.set("limit", now.limit === "own" ? `${now.low.toPrecision(5)},${now.high.toPrecision(5)}` : now.limit);
  if (now.threshold > 0) parts.set("hide", now.threshold.toPrecision(4));
  parts.set("outlines", now.outlines ? "1" : "0");
  parts.set("show", now.chosen.map(encodeURIComponent).join(","));
  return `#${parts}`;
}

// { time, camera, changes }: only what is whole and known.
export function readLink(hash, { layerNow, nLayers, maps, limitsOfLayer, isKnown, mostChosen, mostShape }) {
  const found = { changes: {} };
  if (!hash || hash.length < 2 || hash.length > LONGEST_LINK) return found;
  const parts = new URLSearchParams(hash.slice(1));
  found.time = numberIn(parts.get("t"), 0, 1e7);
  found.camera = readCamera(parts);
  const { changes } = found;
  const take = (name, value) => {
    if (value !== undefined) changes[name] = value;
  };
  take("shape", numberIn(parts.get("shape"), 0, mostShape));
  const layer = numberIn(parts.get("layer"), 0, nLayers - 1);
  if (Number.isInteger(layer)) changes.layer = layer;
  if (["stimulus", "bold"].includes(parts.get("align"))) changes.align = parts.get("align");
  if (maps.includes(parts.get("map"))) changes.map = parts.get("map");
  Object.assign(changes, readLimit(parts.get("limit"), limitsOfLayer(changes.layer ?? layerNow)));
  take("threshold", numberIn(parts.get("hide"), 0, 1e9));
  if (["0", "1"].includes(parts.get("outlines"))) changes.outlines = parts.get("outlines") === "1";
  const chosen = readNames(parts.get("show") ?? "", isKnown, mostChosen);
  if (chosen.length || parts.get("show") === "") changes.chosen = chosen;
  return found;
}

function readCamera(parts) {
  const azimuth = numberIn(parts.get("az"), -1e5, 1e5);
  const elevation = numberIn(parts.get("el"), -90, 90);
  const zoom = numberIn(parts.get("zoom"), 0.05, 50);
  const pan = (parts.get("pan") ?? "0,0").split(",").map((at) => numberIn(at, -1e4, 1e4));
  if (azimuth === undefined || elevation === undefined || zoom === undefined) return undefined;
  const side = SIDES.includes(parts.get("side")) ? parts.get("side") : "both";
  return { azimuth, elevation, zoom, side, pan: pan.length === 2 && !pan.includes(undefined) ? pan : [0, 0] };
}

function readLimit(text, limits) {
  const named = limits.find(([name]) => name === text);
  if (named) return { limit: text, low: named[1][0], high: named[1][1] };
  const [low, high] = (text ?? "").split(",").map((at) => numberIn(at, -1e9, 1e9));
  return low !== undefined && high !== undefined && low < high ? { limit: "own", low, high } : {};
}

function readNames(text, isKnown, most) {
  const names = [];
  for (const part of text.split(",")) {
    let name;
    try {
      name = decodeURIComponent(part);
    } catch {
      continue;
    }
    if (isKnown(name) && !names.includes(name) && names.length < most) names.push(name);
  }
  return names;
}

// Puts the view in the address without a step in the browser's history.
export function keepLink(hash) {
  try {
    window.history.replaceState(null, "", hash);
  } catch {
    // A page inside another may not be allowed to: then the button still copies the link.
  }
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    box.setAttribute("aria-hidden", "true");
    document.body.append(box);
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    return isDone;
  }
}
