// Draws faces into a canvas: boxes, and labels that keep clear of each other.

import { colourOf, dashOf, inWords, scoreInWords, signOf } from "./labels.js";
import { recall, remember } from "./remembered.js";

const LABEL_HEIGHT = 20;
const LABEL_FONT = "600 13px system-ui, sans-serif";
const PADDING = 7;
const LABELS_FIRST = 1000; // rather on a face than on another label
const WIDEST = 0.3; // a label, of the picture's width
const MOST_HIDDEN = 0.35; // of a face, by its own label
const LABELS = "labels";

// How faces are labelled on pictures, those that are saved too: "full", "sign" or "none"; remembered on this device.
export const labelStyle = () => recall(LABELS, "full");
export const chooseLabelStyle = (style) => remember(LABELS, style);

// Draws faces into a context whose unit is a CSS pixel.
//   place(x, y) gives the position of a pixel of the photo; size is the drawing's { width, height };
//   marked is the face to point out, if any; unit makes lines and labels larger (for pictures that are saved);
//   labels: "full", "sign" (without words), or "none".
export function drawFaces(context, faces, { place, size, marked = null, unit = 1, labels: style = labelStyle() }) {
  const boxes = faces.map((face) => toBox(face, place)).filter((box) => isVisible(box, size));
  context.font = LABEL_FONT.replace("13px", `${13 * unit}px`);
  const taken = [];
  const shown = style === "none" ? [] : boxes;
  const labels = shown.map((box) => placeLabel(context, box, { size, taken, boxes, unit, style })).filter(Boolean);
  [...boxes].reverse().forEach((box) => drawBox(context, box, box.face === marked, unit)); // the best score on top
  labels.forEach((label) => drawLabel(context, label, unit));
}

function toBox(face, place) {
  const [ax, ay] = place(face.box[0], face.box[1]);
  const [bx, by] = place(face.box[2], face.box[3]);
  return { face, x1: Math.min(ax, bx), y1: Math.min(ay, by), x2: Math.max(ax, bx), y2: Math.max(ay, by) };
}

const isVisible = ({ x1, y1, x2, y2 }, { width, height }) => x2 > 0 && y2 > 0 && x1 < width && y1 < height;

function drawBox(context, { face, x1, y1, x2, y2 }, marked, unit) {
  const width = (marked ? 5 : 3) * unit;
  context.setLineDash([]);
  context.strokeStyle = "rgba(0, 0, 0, 0.55)";
  context.lineWidth = width + 2 * unit;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.strokeStyle = colourOf(face);
  context.lineWidth = width;
  context.setLineDash(dashOf(face).map((length) => length * unit));
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.setLineDash([]);
}

// The forms of a label, longest first; of another project's labels there is no sign.
function formsOf({ face }, style) {
  const sign = signOf(face);
  const score = scoreInWords(face);
  if (!sign) return [`${inWords(face.label)} ${score}`, inWords(face.label).slice(0, 1)];
  return style === "sign" ? [sign] : [`${sign} ${inWords(face.label)} ${score}`, `${sign} ${score}`, sign];
}

// Takes, of the places around the box, the one that covers least of the labels placed before, and of faces; shorter where
// the label would be wide for the picture, or hide another label or much of a face. Null where there is no room at all.
function placeLabel(context, box, { size, taken, boxes, unit, style }) {
  const faces = boxes.map(({ x1, y1, x2, y2 }) => ({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 }));
  const covered = (place, others) => others.reduce((sum, other) => sum + overlap(place, other), 0);
  const allowed = MOST_HIDDEN * (box.x2 - box.x1) * (box.y2 - box.y1);
  const forms = formsOf(box, style);
  for (const text of forms) {
    const height = LABEL_HEIGHT * unit;
    const width = context.measureText(text).width + 2 * PADDING * unit;
    const places = placesAround(box, { size, width, height, line: 2 * unit });
    const costs = places.map((place) => LABELS_FIRST * covered(place, taken) + covered(place, faces));
    const best = places[costs.indexOf(Math.min(...costs))];
    const clear = !covered(best, taken);
    const fits = width <= size.width * WIDEST && covered(best, faces) <= allowed;
    const isLast = text === forms.at(-1);
    if (clear && (fits || isLast)) {
      taken.push(best);
      return { ...best, text, face: box.face };
    }
  }
  return null;
}

function placesAround(box, { size, width, height, line }) {
  return [
    [box.x1 - line, box.y1 - height - line],
    [box.x1 - line, box.y2 + line],
    [box.x2 - width + line, box.y1 - height - line],
    [box.x2 - width + line, box.y2 + line],
    [box.x1, box.y1],
    [box.x1, box.y2 - height],
    [box.x1 - width, box.y1],
    [box.x2, box.y1],
    [box.x1 - line, box.y1 - 2 * height - line],
    [box.x1 - line, box.y2 + height + line],
  ].map(([x, y]) => ({
    x: Math.max(0, Math.min(x, size.width - width)),
    y: Math.max(0, Math.min(y, size.height - height)),
    width,
    height,
  }));
}

function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

function drawLabel(context, { x, y, width, height, text, face }, unit) {
  context.fillStyle = "rgba(0, 0, 0, 0.78)";
  context.fillRect(x, y, width, height);
  context.fillStyle = colourOf(face);
  context.fillRect(x, y, 4 * unit, height);
  context.fillStyle = "#ffffff";
  context.fillText(text, x + PADDING * unit, y + 14 * unit);
}
