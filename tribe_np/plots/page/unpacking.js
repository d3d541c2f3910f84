// What tribe_np/plots/pages packs, unpacked: base64, gzip, and the two codings that make gzip's work easier.

/** The bytes of a base64 text. */
export function bytesOfBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) {
    bytes[i] = binary.charCodeAt(i);
  }
  return bytes;
}

/** The unpacked bytes of gzip. */
export async function unzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Faces (n x 3) from their differences, byte by byte: coded_faces in packed_mesh.py. */
export function decodeFaces(bytes, nFaces, IndexArray) {
  const width = IndexArray.BYTES_PER_ELEMENT;
  const faces = new IndexArray(3 * nFaces); // its numbers wrap around, as the differences do
  const word = (column, face) => {
    let found = 0;
    for (let k = 0; k < width; k += 1) {
      found += bytes[(column * width + k) * nFaces + face] * 256 ** k;
    }
    return found;
  };
  for (let face = 0; face < nFaces; face += 1) {
    const before = face ? faces[3 * face - 3] : 0;
    faces[3 * face] = word(0, face) + before;
    faces[3 * face + 1] = word(1, face) + faces[3 * face];
    faces[3 * face + 2] = word(2, face) + faces[3 * face];
  }
  return faces;
}

/** Rows of indices from their differences, in place: is_delta of a layer. */
export function undoDifferences(bytes, rowLength) {
  for (let i = rowLength; i < bytes.length; i += 1) {
    bytes[i] += bytes[i - rowLength];
  }
  return bytes;
}
