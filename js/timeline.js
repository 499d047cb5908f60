// What a film or the camera showed over time: the share with a mask, as a plot that can be clicked, and as a table.

import { isKnown } from "./labels.js";

const GRID = [0, 0.5, 1];
const MARGIN = 4; // CSS pixels

export class Timeline {
  constructor(canvas) {
    this.canvas = canvas;
    this.onSeek = () => {}; // hears of the second that was clicked
    $(canvas).on("click", ({ offsetX }) => this.samples.length && this.onSeek(this.secondAt(offsetX)));
    this.clear();
  }

  clear() {
    this.samples = []; // { seconds, counts: by label }, by time
    this.labels = [];
    this.paint();
  }

  add(seconds, faces, labels) {
    this.labels = labels;
    const counts = labels.map((label) => faces.filter((face) => face.label === label).length);
    const later = this.samples.findIndex((sample) => sample.seconds >= seconds); // a film can be played again
    const sample = { seconds, counts };
    if (later < 0) this.samples.push(sample);
    else this.samples.splice(later, this.samples[later].seconds === seconds ? 1 : 0, sample);
    this.paint();
  }

  get end() {
    return Math.max(this.samples.at(-1)?.seconds ?? 0, 1);
  }

  secondAt(x) {
    return (x / this.canvas.clientWidth) * this.end;
  }

  // Of a model with this project's labels the share that wears a mask, 0 to 1, of another one the part of the most faces; null
  // without a face.
  share({ counts }) {
    const faces = counts.reduce((sum, count) => sum + count, 0);
    if (!faces) return null;
    if (this.labels.every(isKnown)) return counts[this.labels.indexOf("face_mask")] / faces;
    const most = Math.max(...this.samples.map((sample) => sample.counts.reduce((sum, count) => sum + count, 0)));
    return faces / most;
  }

  paint() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    const density = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * density, height: height * density });
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    const place = (seconds, share) => [(seconds / this.end) * width, MARGIN + (1 - share) * (height - 2 * MARGIN)];
    const colour = (name) => getComputedStyle(this.canvas).getPropertyValue(name).trim();
    context.strokeStyle = colour("border-top-color");
    GRID.forEach((share) => strokeLine(context, [place(0, share), place(this.end, share)]));
    context.strokeStyle = colour("color");
    context.lineWidth = 2;
    let line = [];
    for (const sample of this.samples) {
      const share = this.share(sample);
      if (share === null) {
        strokeLine(context, line);
        line = [];
      } else {
        line.push(place(sample.seconds, share));
      }
    }
    strokeLine(context, line);
  }

  asCsv() {
    const rows = this.samples.map(({ seconds, counts }) => [seconds.toFixed(2), ...counts]);
    const lines = [["seconds", ...this.labels], ...rows].map((row) => row.join(","));
    return new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" });
  }
}

function strokeLine(context, points) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (points.length === 1) context.lineTo(points[0][0] + 2, points[0][1]);
  context.stroke();
}
