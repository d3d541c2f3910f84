// Gzip unpacked in plain JavaScript (RFC 1951 and 1952), for browsers that have no DecompressionStream: without it
// they could show neither the cortex nor a curve.

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const AWAY_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const AWAY_EXTRA = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const LENGTHS_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MOST_BITS = 15;

// How many codes there are of each length, and the symbols in the order of their codes.
function codeOf(lengths) {
  const count = new Uint16Array(MOST_BITS + 1);
  for (const length of lengths) count[length] += 1;
  count[0] = 0;
  const at = new Uint16Array(MOST_BITS + 2);
  for (let bits = 1; bits <= MOST_BITS; bits++) at[bits + 1] = at[bits] + count[bits];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length) symbols[at[length]++] = symbol;
  });
  return { count, symbols };
}

class BitReader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
    this.held = 0;
    this.n = 0;
  }

  bits(n) {
    while (this.n < n) {
      if (this.at >= this.bytes.length) throw new Error("the packed data end too early");
      this.held |= this.bytes[this.at++] << this.n;
      this.n += 8;
    }
    const value = this.held & ((1 << n) - 1);
    this.held >>>= n;
    this.n -= n;
    return value;
  }

  symbol({ count, symbols }) {
    let code = 0;
    let first = 0;
    let place = 0;
    for (let length = 1; length <= MOST_BITS; length++) {
      code |= this.bits(1);
      if (code - first < count[length]) return symbols[place + code - first];
      place += count[length];
      first = (first + count[length]) << 1;
      code <<= 1;
    }
    throw new Error("the packed data hold an unknown code");
  }
}

function fixedCodes() {
  const lengths = Array.from({ length: 288 }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  );
  return [codeOf(lengths), codeOf(new Array(30).fill(5))];
}

function readCodes(reader) {
  const nLiterals = reader.bits(5) + 257;
  const nAway = reader.bits(5) + 1;
  const nOrder = reader.bits(4) + 4;
  const order = new Array(19).fill(0);
  for (let k = 0; k < nOrder; k++) order[LENGTHS_ORDER[k]] = reader.bits(3);
  const code = codeOf(order);
  const lengths = [];
  while (lengths.length < nLiterals + nAway) {
    const symbol = reader.symbol(code);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) lengths.push(...new Array(3 + reader.bits(2)).fill(lengths.at(-1)));
    else lengths.push(...new Array(symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7)).fill(0));
  }
  return [codeOf(lengths.slice(0, nLiterals)), codeOf(lengths.slice(nLiterals, nLiterals + nAway))];
}

function inflateBlock(reader, out, start, [literals, aways]) {
  let at = start;
  for (;;) {
    const symbol = reader.symbol(literals);
    if (symbol === 256) return at;
    if (symbol < 256) {
      out[at++] = symbol;
      continue;
    }
    const length = LENGTH_BASE[symbol - 257] + reader.bits(LENGTH_EXTRA[symbol - 257]);
    const code = reader.symbol(aways);
    const away = AWAY_BASE[code] + reader.bits(AWAY_EXTRA[code]);
    for (let k = 0; k < length; k++, at++) out[at] = out[at - away];
  }
}

function copyStored(reader, out, start) {
  reader.held = 0;
  reader.n = 0;
  const length = reader.bytes[reader.at] | (reader.bytes[reader.at + 1] << 8);
  const from = reader.at + 4;
  out.set(reader.bytes.subarray(from, from + length), start);
  reader.at = from + length;
  return start + length;
}

function afterGzipHeader(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw new Error("the data are not gzip");
  const flags = bytes[3];
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] | (bytes[at + 1] << 8));
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}

// One member; its length, the last four bytes, must be below 2^32.
export function gunzipSlowly(bytes) {
  const tail = bytes.subarray(bytes.length - 4);
  const out = new Uint8Array(new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true));
  const reader = new BitReader(bytes, afterGzipHeader(bytes));
  let at = 0;
  let isLast = false;
  while (!isLast) {
    isLast = reader.bits(1) === 1;
    const kind = reader.bits(2);
    if (kind === 3) throw new Error("the packed data hold an unknown block");
    if (kind === 0) at = copyStored(reader, out, at);
    else at = inflateBlock(reader, out, at, kind === 1 ? fixedCodes() : readCodes(reader));
  }
  if (at !== out.length) throw new Error("the packed data have another length than they say");
  return out;
}
