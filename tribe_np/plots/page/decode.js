// From the page's text to typed arrays: JSON facts, and blobs that are base64 of gzip.

/** Why this browser cannot show the page's brain in 3-D, in a sentence; "" if it can. */
export function whyNoScene() {
  if (typeof DecompressionStream === "undefined") {
    return "This browser cannot unpack the page's data (DecompressionStream is missing): a browser of 2023 or later can.";
  }
  if (!document.createElement("canvas").getContext("webgl2")) {
    return "This browser offers no WebGL2: switch on hardware acceleration, or open the page in another browser.";
  }
  return "";
}

/** The bytes that a base64 text stands for. */
export function bytesOfBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = letters.charCodeAt(index);
  return bytes;
}

/** The bytes that gzip packed. */
export async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The page's facts, as parsed JSON. */
export function readFacts() {
  return JSON.parse(document.getElementById("facts").textContent);
}

/** The text of blob NAME; the element gives its text up when `keep` is false, so that it is not held twice. */
export function blobText(name, keep = false) {
  const element = document.getElementById(`blob-${name}`);
  if (!element) throw new Error(`This page is damaged: its block blob-${name} is missing. Make the page again.`);
  const text = element.textContent.trim();
  if (!keep) element.textContent = "";
  return text;
}

/** Blob NAME as an array of `Type` (Uint8Array, Int16Array, ...) with `length` numbers, which is checked. */
export async function readBlob(name, Type, length) {
  let bytes;
  try {
    bytes = await unpacked(bytesOfBase64(blobText(name)));
  } catch (error) {
    throw new Error(`This page is damaged: its block blob-${name} cannot be unpacked (${error.message}). Make it again.`);
  }
  if (bytes.byteLength !== length * Type.BYTES_PER_ELEMENT) {
    const expected = length * Type.BYTES_PER_ELEMENT;
    throw new Error(`This page is damaged: blob-${name} holds ${bytes.byteLength} bytes, not ${expected}. Make it again.`);
  }
  return new Type(bytes.buffer);
}

/** The mesh that Scene takes: faces, shapes in mm, sulci. */
export async function readMesh(facts) {
  const about = facts.mesh;
  const Index = about.index_type === "uint16" ? Uint16Array : Uint32Array;
  const hasFlat = about.shapes.includes("flat");
  const shapes = {};
  for (const shape of about.shapes) {
    const steps = await readBlob(`shape-${shape}`, Int16Array, about.n_vertices * 3);
    shapes[shape] = Float32Array.from(steps, (step) => step * about.coordinate_step);
  }
  return {
    nVertices: about.n_vertices,
    perHemisphere: about.per_hemisphere,
    faces: await readBlob("faces", Index, about.n_faces * 3),
    flatFaces: hasFlat ? await readBlob("flat_faces", Index, about.n_flat_faces * 3) : null,
    shapes,
    sulc: await readBlob("sulc", Uint8Array, about.n_vertices),
  };
}

/** A layer as Scene takes it: its rows of uint8, what they stand for, and its clock. */
export async function readLayer(facts, layer) {
  const isStatic = Boolean(layer.is_static);
  return {
    name: layer.name,
    values: await readBlob(layer.blob, Uint8Array, layer.n_rows * facts.mesh.n_vertices),
    nRows: layer.n_rows,
    low: layer.low,
    high: layer.high,
    clock: { starts: layer.starts ?? [], tr: facts.time.tr, offset: facts.time.hemodynamic_offset, isStatic },
  };
}

/** A colour map of the facts (base64 of 256 x 3) as 256 x 3 bytes. */
export function readColourMap(facts, name) {
  return bytesOfBase64(facts.colour_maps[name]);
}
