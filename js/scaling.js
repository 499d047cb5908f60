// Pictures scaled down in a worker, so that the page stays quick; where the browser has none for it, on the page itself.

import { loadPhoto, scaledJpeg } from "./photo.js";
import { scaleFor } from "./scale.js";

let worker = null;
let next = 0;
const waiting = new Map();

function start() {
  worker = new Worker("js/scaling_worker.js", { type: "module" });
  worker.onmessage = ({ data: { id, ...result } }) => {
    waiting.get(id)(result);
    waiting.delete(id);
  };
  worker.onerror = () => {
    for (const resolve of waiting.values()) resolve({});
    waiting.clear();
    worker = null;
  };
}

function inWorker(blob, limits) {
  if (!("OffscreenCanvas" in window) || blob.type === "image/webp") return {}; // whose orientation photo.js knows
  if (!worker) start();
  next += 1;
  const id = next;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    worker.postMessage({ id, blob, limits });
  });
}

// A JPEG of a photo (a Blob), no larger than its limits say: { longest, shortest, quality }, in px; what is smaller stays so
// large. Resolves to { jpeg, width, height }, those of the upright photo itself; rejects if the browser cannot show it.
export async function scaleDown(blob, limits) {
  const { jpeg, width, height } = await inWorker(blob, limits);
  if (jpeg) return { jpeg, width, height };
  const photo = await loadPhoto(blob);
  const { naturalWidth, naturalHeight } = photo;
  const scale = scaleFor(naturalWidth, naturalHeight, limits);
  return {
    jpeg: await scaledJpeg(photo, naturalWidth, naturalHeight, scale, limits.quality),
    width: naturalWidth,
    height: naturalHeight,
  };
}
