// Labels that come with photos: Pascal VOC's XML files, as the page, CVAT and labelImg save them, loose or in a zip.

import { correct } from "./corrections.js";
import { unzip } from "./unzip.js";

const TYPES = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", bmp: "image/bmp", webp: "image/webp" };
const SIDES = ["xmin", "ymin", "xmax", "ymax"];
const MOST_XML = 10 ** 7; // bytes

const endingOf = (name) => name.toLowerCase().split(".").at(-1);
export const stemOf = (path) => path.split("/").at(-1).replace(/\.[^.]*$/, "");
const isAnnotation = ({ name }) => endingOf(name) === "xml";
const isZip = ({ name, blob }) => endingOf(name) === "zip" || blob.type === "application/zip";

export const hasLabels = (files) => files.some((file) => isAnnotation(file) || isZip(file));

// Takes apart what came in: [{ blob, name, path }]. Resolves to the photos, those whose annotation came along with `given`;
// to the annotations without a photo, by stem; and to the names of what could not be read.
export async function takeApart(files) {
  const problems = [];
  const loose = [];
  for (const file of files) loose.push(...(isZip(file) ? await fromZip(file, problems) : [file]));
  const given = new Map();
  for (const file of loose.filter(isAnnotation)) {
    const labels = file.blob.size <= MOST_XML ? parse(await file.blob.text()) : null;
    if (labels) given.set(stemOf(file.path), labels);
    else problems.push(file.name);
  }
  const photos = loose.filter((file) => !isAnnotation(file)).map((file) => ({ ...file, given: given.get(stemOf(file.path)) ?? null }));
  photos.forEach(({ path }) => given.delete(stemOf(path)));
  return { photos, given, problems };
}

// The photos and annotations of a zip; where it has a folder for the photos, those are the photos.
async function fromZip({ blob, name }, problems) {
  try {
    const files = (await unzip(blob)).filter((file) => endingOf(file.name) in TYPES || endingOf(file.name) === "xml");
    const ofVoc = files.some((file) => /(^|\/)JPEGImages\//.test(file.name));
    const wanted = files.filter((file) => isAnnotation(file) || !ofVoc || /(^|\/)JPEGImages\//.test(file.name));
    if (!wanted.length) throw new Error("it holds no photo");
    const taken = [];
    for (const file of wanted) {
      const type = TYPES[endingOf(file.name)] ?? "text/xml";
      taken.push({ blob: new Blob([await file.blob()], { type }), name: file.name.split("/").at(-1), path: file.name });
    }
    return taken;
  } catch {
    problems.push(name);
    return [];
  }
}

// An annotation's size and boxes, or null if it is none.
function parse(text) {
  if (!text.trimEnd().endsWith("</annotation>")) return null; // the parser's own words would break the page's security policy
  const root = new DOMParser().parseFromString(text, "text/xml").documentElement;
  if (root.nodeName !== "annotation" || root.querySelector("parsererror")) return null;
  const number = (element, path) => Number.parseFloat(element.querySelector(path)?.textContent);
  const faces = [...root.querySelectorAll(":scope > object")].map((object) => ({
    label: object.querySelector(":scope > name")?.textContent.trim() ?? "",
    box: SIDES.map((side) => number(object, `bndbox > ${side}`)),
  }));
  const isBox = ({ label, box: [x1, y1, x2, y2] }) => label && x1 < x2 && y1 < y2;
  if (!faces.every(isBox)) return null;
  return { faces, width: number(root, ":scope > size > width"), height: number(root, ":scope > size > height") };
}

// Puts given labels in place of what was found. Returns what is wrong with them, or null: "size", or a label that the
// model does not have.
export function useGiven(item, given) {
  const { image, model } = item.answer;
  if (given.width !== image.width || given.height !== image.height) return { size: true };
  const unknown = given.faces.find(({ label }) => !model.labels.includes(label));
  if (unknown) return { label: unknown.label };
  const within = ([x1, y1, x2, y2]) => [Math.max(0, x1), Math.max(0, y1), Math.min(image.width, x2), Math.min(image.height, y2)];
  correct(item, given.faces.map(({ label, box }) => ({ label, class_id: model.labels.indexOf(label), box: within(box) })));
  return null;
}
