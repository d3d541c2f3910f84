// From the page's text to typed arrays: JSON facts, and blobs that are base64 of gzip.

import { gunzipSlowly } from "./inflate.js";

/** Why this browser cannot show the page's brain in 3-D, in a sentence; "" if it can. */
export function whyNoScene() {
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
  if (typeof DecompressionStream === "undefined") return gunzipSlowly(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The page's facts, as parsed JSON. */
export function readFacts() {
  return JSON.parse(document.getElementById("facts").textContent);
}

/** The text of blob NAME; the element gives its text up, so that it is not held twice. */
export function blobText(name) {
  const element = document.getElementById(`blob-${name}`);
  if (!element) throw new Error(`This page is damaged: its block blob-${name} is missing. Make the page again.`);
  const text = element.textContent.trim();
  element.textContent = "";
  return text;
}

/** Blob NAME as an array of `Type` (Uint8Array, Int16Array, ...) with `length` numbers, which is checked. */
export async function readBlob(name, Type, length) {
  let bytes;
  try {
    bytes = await unpacked(bytesOfBase64(blobText(name)));
  } catch (error) {
    throw new Error(
      `This page is damaged: its block blob-${name} cannot be unpacked (${error.message}). Make it again.`,
    );
  }
  if (bytes.byteLength !== length * Type.BYTES_PER_ELEMENT) {
    const expected = length * Type.BYTES_PER_ELEMENT;
    throw new Error(
      `This page is damaged: blob-${name} holds ${bytes.byteLength} bytes, not ${expected}. Make it again.`,
    );
  }
  return new Type(bytes.buffer);
}

/** Faces (3 n) from differences in byte planes, as `coded_faces` of Python's packed_mesh wrote them. */
export function decodedFaces(coded, nFaces, Index) {
  const faces = new Index(nFaces * 3); // wraps around as the differences do
  const width = Index.BYTES_PER_ELEMENT;
  for (let corner = 0; corner < 3; corner++) {
    for (let face = 0; face < nFaces; face++) {
      let difference = 0;
      for (let byte = 0; byte < width; byte++)
        difference += coded[(corner * width + byte) * nFaces + face] * 256 ** byte;
      const from = corner ? faces[face * 3] : face ? faces[face * 3 - 3] : 0;
      faces[face * 3 + corner] = difference + from;
    }
  }
  return faces;
}

/** The mesh that Scene takes: faces, shapes in mm, sulci. */
export async function readMesh(facts) {
  const about = facts.mesh;
  const Index = about.index_type === "uint16" ? Uint16Array : Uint32Array;
  const coded = await readBlob("faces", Uint8Array, about.n_faces * 3 * Index.BYTES_PER_ELEMENT);
  const faces = decodedFaces(coded, about.n_faces, Index);
  const [hasFlat, nFlat] = [about.shapes.includes("flat"), about.n_flat_faces * 3];
  const shapes = {};
  for (const shape of about.shapes) {
    const steps = await readBlob(`shape-${shape}`, Int16Array, about.n_vertices * 3);
    shapes[shape] = Float32Array.from(steps, (step) => step * about.coordinate_step);
  }
  return {
    nVertices: about.n_vertices,
    perHemisphere: about.per_hemisphere,
    faces,
    flatFaces: hasFlat ? faces.subarray(0, nFlat) : null,
    cutFaces: hasFlat ? faces.subarray(nFlat) : null, // in no flat map: it is cut open there
    shapes,
    sulc: await readBlob("sulc", Uint8Array, about.n_vertices),
  };
}

/** A layer as Scene takes it: its rows of bytes, what they stand for, and its clock. */
export async function readLayer(facts, layer) {
  const { n_vertices: size } = facts.mesh;
  const values = await readBlob(layer.blob, Uint8Array, layer.n_rows * size);
  if (layer.is_delta) for (let at = size; at < values.length; at++) values[at] += values[at - size]; // modulo 256
  const tr = layer.tr ?? facts.time.tr;
  const offset = layer.hemodynamic_offset ?? facts.time.hemodynamic_offset;
  const clock = { starts: layer.starts ?? [], tr, offset, isStatic: Boolean(layer.is_static) };
  return { name: layer.name, values, nRows: layer.n_rows, low: layer.low, high: layer.high, clock };
}

/** The region of each vertex, 65535 for none; null for a page without a parcellation. */
export async function readRegions(facts) {
  return facts.parcellation ? await readBlob("region_of", Uint16Array, facts.mesh.n_vertices) : null;
}

/** A colour map of the facts (base64 of 256 x 3) as 256 x 3 bytes. */
export function readColourMap(facts, name) {
  return bytesOfBase64(facts.colour_maps[name]);
}
