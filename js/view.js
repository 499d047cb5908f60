// The photo on its canvas, in its own proportions: zoom, pan, and the faces on it, sharp on any screen.

import { drawFaces } from "./boxes.js";
import { whiten } from "./photo.js";

const MOST_HEIGHT = 0.7; // of the window
const MOST_ZOOM = 12;
const STEP = 1.25;
const DOUBLE = 2.5; // a double click
const TAP = 8; // CSS pixels that a finger may slip
const PAN = 60; // CSS pixels an arrow key moves

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.onPoint = () => {}; // hears which face the pointer is over, or null
    this.photo = null;
    this.faces = [];
    this.marked = null;
    this.pointers = new Map();
    this.reset();
    this.listen();
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

  // The canvas's size in CSS pixels, and how large a pixel of the photo is on it.
  layout() {
    const { naturalWidth, naturalHeight } = this.photo;
    const room = this.canvas.parentElement.clientWidth;
    const fit = Math.min(room / naturalWidth, (window.innerHeight * MOST_HEIGHT) / naturalHeight);
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
    this.canvas.style.touchAction = this.zoom > 1 ? "none" : "pan-y"; // whole, a finger scrolls the page
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

  faceAt(x, y) {
    const { scale, offset } = this.layout();
    const [px, py] = [(x - offset[0]) / scale, (y - offset[1]) / scale];
    const over = this.faces.filter(({ box }) => px >= box[0] && px <= box[2] && py >= box[1] && py <= box[3]);
    const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
    return over.sort((a, b) => area(a) - area(b))[0] ?? null;
  }

  listen() {
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && this.zoom === 1) return; // the page scrolls
        event.preventDefault();
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.panBy(-event.deltaX, 0);
        else this.zoomBy(event.deltaY < 0 ? STEP : 1 / STEP, [event.offsetX, event.offsetY]);
      },
      { passive: false },
    );
    $(this.canvas)
      .on("pointerdown", ({ originalEvent: event }) => {
        this.canvas.setPointerCapture(event.pointerId);
        this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
        this.pressed = [event.offsetX, event.offsetY];
      })
      .on("pointermove", ({ originalEvent: event }) => this.move(event))
      .on("pointerup pointercancel", ({ originalEvent: event }) => this.lift(event))
      .on("dblclick", ({ originalEvent: event }) => this.zoomBy(this.zoom > 1 ? 0 : DOUBLE, [event.offsetX, event.offsetY]))
      .on("pointerleave", ({ originalEvent: event }) => event.pointerType === "mouse" && this.onPoint(null))
      .on("keydown", (event) => this.key(event));
    $("#zoom-in").on("click", () => this.zoomBy(STEP));
    $("#zoom-out").on("click", () => this.zoomBy(1 / STEP));
    $("#zoom-fit").on("click", () => this.fit());
    $(window).on("resize", () => this.paint());
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  // One pointer drags, two pinch, none over a face marks it.
  move(event) {
    const now = [event.offsetX, event.offsetY];
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (this.photo) this.onPoint(this.faceAt(...now));
      return;
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const distance = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
      this.zoomBy(distance(now) / distance(before), other);
    } else {
      this.panBy(now[0] - before[0], now[1] - before[1]);
    }
    this.pointers.set(event.pointerId, now);
  }

  // A tap that does not drag marks the face under it; there a finger never hovers.
  lift(event) {
    this.pointers.delete(event.pointerId);
    const moved = Math.hypot(event.offsetX - this.pressed?.[0], event.offsetY - this.pressed?.[1]);
    if (this.photo && event.type === "pointerup" && moved < TAP) this.onPoint(this.faceAt(event.offsetX, event.offsetY));
  }

  key(event) {
    const actions = {
      "+": () => this.zoomBy(STEP),
      "=": () => this.zoomBy(STEP),
      "-": () => this.zoomBy(1 / STEP),
      0: () => this.fit(),
      ArrowLeft: () => this.panBy(PAN, 0),
      ArrowRight: () => this.panBy(-PAN, 0),
      ArrowUp: () => this.panBy(0, PAN),
      ArrowDown: () => this.panBy(0, -PAN),
    };
    const isPan = event.key.startsWith("Arrow");
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || (isPan && this.zoom === 1)) return;
    event.preventDefault();
    actions[event.key]();
  }
}
