// Photos in the browser: loaded upright, drawn smaller, and answers brought back to their pixels.

import { turned, webpOrientation } from "./orientation.js";

export const RAW_TYPES = ["image/jpeg", "image/png", "image/webp", "image/bmp"]; // that the API takes as they are

// An image element, upright as the API has it; rejects if the browser cannot show it.
export async function loadPhoto(blob) {
  const photo = await decoded(blob);
  const turn = blob.type === "image/webp" ? webpOrientation(new Uint8Array(await blob.arrayBuffer())) : 1;
  return turn === 1 ? photo : decoded(await toBlob(turned(photo, turn), "image/png"));
}

async function decoded(blob) {
  const photo = new Image();
  photo.src = URL.createObjectURL(blob);
  try {
    await photo.decode();
  } finally {
    URL.revokeObjectURL(photo.src);
  }
  return photo;
}

// A JPEG of a picture (an image or a video) of this width and height, scaled down where scale is below 1.
export function scaledJpeg(picture, width, height, scale, quality) {
  const canvas = document.createElement("canvas");
  const factor = Math.min(1, scale);
  canvas.width = Math.max(1, Math.round(width * factor));
  canvas.height = Math.max(1, Math.round(height * factor));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  whiten(context); // a JPEG has no transparency; the API lays it on white too
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return toBlob(canvas, "image/jpeg", quality);
}

// What lies under transparent pixels.
export function whiten(context) {
  context.fillStyle = "white";
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

export function toBlob(canvas, type, quality) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the canvas gave no picture"))), type, quality);
  });
}

// An answer for a scaled photo, with size and boxes in the pixels of a photo of this width and height.
export function rescale(answer, width, height) {
  const x = width / answer.image.width;
  const y = height / answer.image.height;
  if (x === 1 && y === 1) return answer;
  const round = (value) => Math.round(value * 100) / 100;
  const results = answer.results.map((face) => {
    const [x1, y1, x2, y2] = face.box;
    return { ...face, box: [round(x1 * x), round(y1 * y), round(x2 * x), round(y2 * y)] };
  });
  return { ...answer, results, image: { width, height } };
}
