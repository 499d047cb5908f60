// Where on the film faces count, and how large they are at least.

import { fromPlace } from "./live_picture.js";

const region = { corners: null, smallest: 0 }; // x1, y1, x2, y2 and the side, in pixels of the film

const centre = ({ box }) => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
const side = ({ box }) => Math.sqrt((box[2] - box[0]) * (box[3] - box[1]));

// The faces that lie in the region and are large enough.
export function inRegion(faces) {
  return faces.filter((face) => {
    const [x, y] = centre(face);
    const { corners, smallest } = region;
    const inside = !corners || (x >= corners[0] && x <= corners[2] && y >= corners[1] && y <= corners[3]);
    return inside && side(face) >= smallest;
  });
}

export function forgetRegion() {
  region.corners = null;
}

export function drawRegion(context, place) {
  if (!region.corners) return;
  const [[ax, ay], [bx, by]] = [place(region.corners[0], region.corners[1]), place(region.corners[2], region.corners[3])];
  context.setLineDash([8, 6]);
  context.lineWidth = 2;
  context.strokeStyle = "#ffffff";
  context.strokeRect(Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay));
  context.setLineDash([]);
}

// A press on the button lets the next drag on the film draw the region; the other one removes it.
export function listenForRegion(live) {
  const canvas = $(live.canvas);
  let start = null;
  const drawing = (on) => canvas.toggleClass("drawing", on);
  const at = ({ offsetX, offsetY }) => fromPlace(live, offsetX, offsetY);
  const stretch = (event) => {
    const end = at(event);
    region.corners = [0, 1].map((axis) => Math.min(start[axis], end[axis])).concat([0, 1].map((axis) => Math.max(start[axis], end[axis])));
    live.paint();
  };
  $("#region-draw").on("click", () => drawing(true));
  $("#region-all").on("click", () => {
    forgetRegion();
    drawing(false);
    live.paint();
  });
  canvas
    .on("pointerdown", ({ originalEvent: event }) => {
      live.canvas.setPointerCapture(event.pointerId);
      start = at(event);
    })
    .on("pointermove", ({ originalEvent: event }) => start && stretch(event))
    .on("pointerup pointercancel", ({ originalEvent: event }) => {
      if (start) stretch(event);
      start = null;
      drawing(false);
    });
  $("#smallest").on("input", ({ target }) => {
    region.smallest = Number(target.value);
    $("#smallest-value").text(target.value);
    live.paint();
  });
}
