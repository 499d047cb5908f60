// The files of a zip, stored or deflated (PKWARE's APPNOTE 6.3), without its 64-bit form.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_SIZE = 22;
const LONGEST_COMMENT = 65535;
const MOST_BYTES = 2 ** 31; // unpacked
const STORED = 0;
const DEFLATED = 8;

// Resolves to [{ name, blob() }], folders left out; blob() resolves to the unpacked bytes. Throws an Error if it is no zip.
export async function unzip(archive) {
  const { count, at } = await findDirectory(archive);
  const directory = new DataView(await archive.slice(at).arrayBuffer());
  const files = [];
  let total = 0;
  for (let index = 0, place = 0; index < count; index += 1) {
    if (directory.getUint32(place, true) !== ENTRY) throw new Error("its directory is damaged");
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => directory.getUint16(place + offset, true));
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, place + 46, nameLength)).replaceAll("\\", "/");
    const [packed, size] = [20, 24].map((offset) => directory.getUint32(place + offset, true));
    const [method, start] = [directory.getUint16(place + 10, true), directory.getUint32(place + 42, true)];
    total += size;
    if (total > MOST_BYTES) throw new Error("it would be over 2 GB unpacked");
    if (!name.endsWith("/")) files.push({ name, blob: () => unpack(archive, { method, start, packed, size }) });
    place += 46 + nameLength + extra + comment;
  }
  return files;
}

async function findDirectory(archive) {
  const from = Math.max(0, archive.size - END_SIZE - LONGEST_COMMENT);
  const tail = new DataView(await archive.slice(from).arrayBuffer());
  for (let place = tail.byteLength - END_SIZE; place >= 0; place -= 1) {
    if (tail.getUint32(place, true) === END) return { count: tail.getUint16(place + 10, true), at: tail.getUint32(place + 16, true) };
  }
  throw new Error("it has no directory");
}

async function unpack(archive, { method, start, packed, size }) {
  const header = new DataView(await archive.slice(start, start + 30).arrayBuffer());
  const from = start + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const bytes = archive.slice(from, from + packed);
  if (method === STORED) return bytes;
  if (method !== DEFLATED) throw new Error("its way of packing is not known");
  const reader = bytes.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    length += value.length;
    if (length > size) throw new Error("a file of it is longer than it says"); // a bomb
    parts.push(value);
  }
}
