// What lies over the film: the picture that was looked at, with its boxes, mirrored with it; labels can be read either way.

import { drawFaces } from "./boxes.js";

// How large a pixel of the film is on its canvas, and where the film begins there.
function layout({ video, canvas }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
  return { width, height, scale, left: (width - video.videoWidth * scale) / 2, top: (height - video.videoHeight * scale) / 2 };
}

// Where a point of the canvas, in CSS pixels, lies on the film, in its pixels.
export function fromPlace(live, x, y) {
  const { scale, left, top } = layout(live);
  const across = (x - left) / scale;
  return [live.mirrored ? live.video.videoWidth - across : across, (y - top) / scale];
}

export function paintLive(live) {
  const { video, canvas, picture, answer, mirrored } = live;
  const { videoWidth, videoHeight } = video;
  const { width, height, scale, left, top } = layout(live);
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * density));
  canvas.height = Math.max(1, Math.round(height * density));
  if (!videoWidth || !width) return;
  const context = canvas.getContext("2d");
  context.scale(density, density);
  if (picture) {
    context.save();
    if (mirrored) context.setTransform(-density, 0, 0, density, width * density, 0);
    context.drawImage(picture, left, top, videoWidth * scale, videoHeight * scale);
    context.restore();
  }
  const place = (x, y) => [left + (mirrored ? videoWidth - x : x) * scale, top + y * scale];
  if (answer) drawFaces(context, live.filter(answer.results), { place, size: { width, height } });
  live.overlay(context, place);
}
