// The photo on its canvas, in its own proportions, zoomed and moved, and the faces on it, sharp on any screen.

import { drawFaces } from "./boxes.js";
import { whiten } from "./photo.js";

const MOST_HEIGHT = 0.7; // of the window
const HEIGHT_BESIDE_TOOL = 0.62; // where the tool has a panel too
const MOST_ZOOM = 12;

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.onPoint = () => {}; // hears which face the pointer is over, or null
    this.photo = null;
    this.faces = [];
    this.marked = null;
    this.tool = null; // draws over the photo, and has the first say over pointers and keys (gestures.js)
    this.reset();
    $(window).on("resize", () => this.paint());
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  reset() {
    this.zoom = 1;
    this.centre = [0.5, 0.5]; // of the photo, in its middle of the canvas
  }

  show(photo, faces) {
    if (photo !== this.photo) this.reset();
    this.photo = photo;
    this.faces = faces;
    this.paint();
  }

  mark(face) {
    if (this.marked === face) return;
    this.marked = face;
    this.paint();
  }

  // Moves a face into view, if the zoom has left it outside.
  reveal(face) {
    if (!face || this.zoom === 1) return;
    const { size, scale, offset } = this.layout();
    const middle = [(face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2];
    const [x, y] = middle.map((value, axis) => value * scale + offset[axis]);
    if (x >= 0 && y >= 0 && x <= size.width && y <= size.height) return;
    this.centreOn([middle[0] / this.photo.naturalWidth, middle[1] / this.photo.naturalHeight]);
  }

  // Zooms in on a face until its side is so many CSS pixels; what is as large already stays as it is.
  approach(face, least, mostZoom) {
    const { scale } = this.layout();
    const { naturalWidth, naturalHeight } = this.photo;
    const [x1, y1, x2, y2] = face.box;
    const wanted = least / (Math.max(x2 - x1, y2 - y1) * scale);
    if (wanted <= 1) return;
    this.zoom = Math.min(mostZoom, this.zoom * wanted);
    this.centreOn([(x1 + x2) / 2 / naturalWidth, (y1 + y2) / 2 / naturalHeight]);
  }

  // The canvas's size in CSS pixels, and how large a pixel of the photo is on it.
  layout() {
    const { naturalWidth, naturalHeight } = this.photo;
    const room = this.canvas.parentElement.clientWidth;
    const fit = Math.min(room / naturalWidth, (window.innerHeight * (this.tool ? HEIGHT_BESIDE_TOOL : MOST_HEIGHT)) / naturalHeight);
    const size = { width: Math.max(1, naturalWidth * fit), height: Math.max(1, naturalHeight * fit) };
    const scale = fit * this.zoom;
    const offset = [
      size.width / 2 - this.centre[0] * naturalWidth * scale,
      size.height / 2 - this.centre[1] * naturalHeight * scale,
    ];
    return { size, scale, offset };
  }

  paint() {
    if (!this.photo || !this.canvas.parentElement.clientWidth) return;
    const { size, scale, offset } = this.layout();
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(size.width * density));
    this.canvas.height = Math.max(1, Math.round(size.height * density));
    this.canvas.style.width = `${size.width}px`;
    this.canvas.style.height = `${size.height}px`;
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    context.imageSmoothingQuality = "high";
    const { naturalWidth, naturalHeight } = this.photo;
    whiten(context);
    context.drawImage(this.photo, offset[0], offset[1], naturalWidth * scale, naturalHeight * scale);
    const place = (x, y) => [x * scale + offset[0], y * scale + offset[1]];
    drawFaces(context, this.faces, { place, size, marked: this.marked });
    this.tool?.paint(context, place);
    this.canvas.style.touchAction = this.tool || this.zoom > 1 ? "none" : "pan-y"; // whole, a finger scrolls the page
  }

  zoomBy(factor, at = null) {
    if (!this.photo) return;
    const { size, scale, offset } = this.layout();
    const point = at ?? [size.width / 2, size.height / 2];
    const zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const ratio = zoom / this.zoom;
    const { naturalWidth, naturalHeight } = this.photo;
    this.zoom = zoom;
    const moved = point.map((value, axis) => value - (value - offset[axis]) * ratio);
    this.centreOn([
      (size.width / 2 - moved[0]) / (naturalWidth * scale * ratio),
      (size.height / 2 - moved[1]) / (naturalHeight * scale * ratio),
    ]);
  }

  panBy(dx, dy) {
    if (!this.photo) return;
    const { scale } = this.layout();
    this.centreOn([
      this.centre[0] - dx / (this.photo.naturalWidth * scale),
      this.centre[1] - dy / (this.photo.naturalHeight * scale),
    ]);
  }

  // The photo always fills the canvas.
  centreOn(centre) {
    const half = 0.5 / this.zoom;
    this.centre = centre.map((value) => Math.min(1 - half, Math.max(half, value)));
    this.paint();
  }

  fit() {
    this.reset();
    this.paint();
  }

  // A point of the canvas, in pixels of the photo.
  toPhoto(x, y) {
    const { scale, offset } = this.layout();
    return [(x - offset[0]) / scale, (y - offset[1]) / scale];
  }

  faceAt(x, y) {
    const [px, py] = this.toPhoto(x, y);
    const over = this.faces.filter(({ box }) => px >= box[0] && px <= box[2] && py >= box[1] && py <= box[3]);
    const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
    return over.sort((a, b) => area(a) - area(b))[0] ?? null;
  }
}
