// The worker of scaling.js: { id, blob, limits } in, { id, jpeg, width, height } out; without jpeg where it cannot.

import { scaleFor } from "./scale.js";

async function scaleDown(blob, limits) {
  const picture = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const { width, height } = picture;
  const scale = scaleFor(width, height, limits);
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // a JPEG has no transparency; the API lays it on white too
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return { jpeg: await canvas.convertToBlob({ type: "image/jpeg", quality: limits.quality }), width, height };
}

self.onmessage = async ({ data: { id, blob, limits } }) => {
  try {
    self.postMessage({ id, ...(await scaleDown(blob, limits)) });
  } catch {
    self.postMessage({ id }); // the page tries, and says what is wrong
  }
};
