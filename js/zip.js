// A zip of files as they are (stored, not compressed: JPEGs would not get smaller). PKWARE's APPNOTE 6.3.

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

const UTF8_NAMES = 0x0800;
const VERSION = 20;
const MOST_FILES = 65535;
const MOST_BYTES = 2 ** 32 - 2 ** 26; // the directory needs some too

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// The fields that a file's own header and its entry in the directory share.
function describe({ name, bytes, crc }, date) {
  const fields = new DataView(new ArrayBuffer(26));
  fields.setUint16(0, VERSION, true);
  fields.setUint16(2, UTF8_NAMES, true);
  fields.setUint16(6, (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1), true);
  fields.setUint16(8, ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(), true);
  fields.setUint32(10, crc, true);
  fields.setUint32(14, bytes.length, true);
  fields.setUint32(18, bytes.length, true);
  fields.setUint16(22, name.length, true);
  return new Uint8Array(fields.buffer);
}

function number(value, size) {
  return Uint8Array.from({ length: size }, (_, index) => (value >>> (8 * index)) & 0xff);
}

// files: [{ name, blob }], date: of all of them -> Blob. Throws RangeError over what a zip can hold without its 64-bit form.
export async function zip(files, date) {
  const total = files.reduce((sum, { blob }) => sum + blob.size, 0);
  if (files.length > MOST_FILES || total > MOST_BYTES) throw new RangeError("too much for one zip");
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const entry = { name: new TextEncoder().encode(name), bytes: new Uint8Array(await blob.arrayBuffer()) };
    entry.crc = crc32(entry.bytes);
    const shared = describe(entry, date);
    const header = [number(0x04034b50, 4), shared, entry.name];
    directory.push(number(0x02014b50, 4), number(VERSION, 2), shared, number(0, 6), number(0, 4), number(offset, 4));
    directory.push(entry.name);
    parts.push(...header, blob); // not its bytes: a blob may stay on the disk
    offset += header.reduce((sum, part) => sum + part.length, blob.size);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = [number(0x06054b50, 4), number(0, 4), number(files.length, 2), number(files.length, 2)];
  end.push(number(size, 4), number(offset, 4), number(0, 2));
  return new Blob([...parts, ...directory, ...end], { type: "application/zip" });
}
