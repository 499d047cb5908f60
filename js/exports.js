// What a visitor can keep: annotated pictures, JSON, CSV, for one photo or all.

import { drawFaces } from "./boxes.js";
import { isCorrected } from "./corrections.js";
import { loadPhoto, toBlob, whiten } from "./photo.js";
import { zip } from "./zip.js";

const QUALITY = 0.92;
const COLUMNS = ["photo", "label", "class_id", "score", "x1", "y1", "x2", "y2"];

export const stem = (name) => name.replace(/\.[^.]*$/, "") || "photo";

// The photo at its full size with the faces drawn in, as a JPEG.
export async function annotated(item, faces) {
  const photo = await loadPhoto(item.blob);
  const canvas = document.createElement("canvas");
  canvas.width = photo.naturalWidth;
  canvas.height = photo.naturalHeight;
  const context = canvas.getContext("2d");
  whiten(context);
  context.drawImage(photo, 0, 0);
  const unit = Math.max(1, Math.min(canvas.width, canvas.height) / 600);
  drawFaces(context, faces, { place: (x, y) => [x, y], size: { width: canvas.width, height: canvas.height }, unit });
  return toBlob(canvas, "image/jpeg", QUALITY);
}

export function asJson(entries) {
  const answers = entries.map(({ item, faces }) => ({ photo: item.path, ...item.answer, results: faces, corrected: isCorrected(item) }));
  return new Blob([JSON.stringify(answers.length === 1 ? answers[0] : answers, null, 1)], { type: "application/json" });
}

// A row a face; a photo without faces has one too, with its name only.
export function asCsv(entries) {
  const rows = entries.flatMap(({ item, faces }) =>
    faces.length ? faces.map((face) => [item.path, face.label, face.class_id, face.score ?? "", ...face.box]) : [[item.path, "", "", "", "", "", "", ""]],
  );
  const lines = [COLUMNS, ...rows].map((row) => row.map(quote).join(","));
  return new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }); // the mark tells Excel of UTF-8
}

// Quoted where needed; a name that a spreadsheet would take for a formula gets an apostrophe.
function quote(value) {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Folders stay folders; onProgress(done) hears after each photo.
export async function asZip(entries, onProgress = () => {}) {
  const names = new Set();
  const files = [];
  for (const { item, faces } of entries) {
    let name = `${stem(item.path)}.jpg`;
    for (let number = 2; names.has(name); number += 1) name = `${stem(item.path)}_${number}.jpg`;
    names.add(name);
    files.push({ name, blob: await annotated(item, faces) });
    onProgress(files.length);
  }
  return zip(files, new Date());
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// Resolves to whether it worked.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text); // plain http on another host has no clipboard API
  }
}

function copyTheOldWay(text) {
  const before = document.activeElement;
  const area = $("<textarea>").val(text).addClass("offscreen").appendTo("body").trigger("select");
  const done = document.execCommand("copy");
  area.remove();
  before?.focus({ preventScroll: true });
  return done;
}
