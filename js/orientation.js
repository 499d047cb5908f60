// Which way the camera was held: browsers turn JPEGs as EXIF says, and leave a WebP as it is stored.

const ORIENTATION = 0x0112; // EXIF's tag
const UPRIGHT = 1;
const FIRST_CHUNK = 12; // behind RIFF, the length and WEBP

// The EXIF orientation of a WebP, 1 to 8; 1 where it says none.
export function webpOrientation(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = FIRST_CHUNK; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (String.fromCharCode(...bytes.subarray(at, at + 4)) === "EXIF") return orientationOf(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  return UPRIGHT;
}

function orientationOf(exif) {
  const start = String.fromCharCode(...exif.subarray(0, 4)) === "Exif" ? 6 : 0;
  const tiff = new DataView(exif.buffer, exif.byteOffset + start, Math.max(0, exif.byteLength - start));
  try {
    const little = tiff.getUint16(0) === 0x4949;
    const table = tiff.getUint32(4, little);
    for (let entry = 0; entry < tiff.getUint16(table, little); entry += 1) {
      const at = table + 2 + 12 * entry;
      const value = tiff.getUint16(at + 8, little);
      if (tiff.getUint16(at, little) === ORIENTATION) return value >= 1 && value <= 8 ? value : UPRIGHT;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut short: it says nothing
  }
  return UPRIGHT;
}

// A canvas with the picture turned upright; the rows are the matrices of EXIF's eight orientations.
export function turned(picture, orientation) {
  const { naturalWidth: width, naturalHeight: height } = picture;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = orientation > 4 ? [height, width] : [width, height];
  const context = canvas.getContext("2d");
  const matrices = {
    1: [1, 0, 0, 1, 0, 0],
    2: [-1, 0, 0, 1, width, 0],
    3: [-1, 0, 0, -1, width, height],
    4: [1, 0, 0, -1, 0, height],
    5: [0, 1, 1, 0, 0, 0],
    6: [0, 1, -1, 0, height, 0],
    7: [0, -1, -1, 0, height, width],
    8: [0, -1, 1, 0, 0, width],
  };
  context.setTransform(...matrices[orientation]);
  context.drawImage(picture, 0, 0);
  return canvas;
}
