// Labels that come with photos: Pascal VOC's XML files, as the page, CVAT and labelImg save them, loose or in a zip.

import { check, correct } from "./corrections.js";
import { unzip } from "./unzip.js";

const TYPES = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", bmp: "image/bmp", webp: "image/webp" };
const SIDES = ["xmin", "ymin", "xmax", "ymax"];
const ATTRIBUTES = ["truncated", "difficult", "occluded", "wear"]; // that are kept as they are
const OUTSIDE = 1.5; // px that a box may lie outside: some tools count from 1
const MOST_XML = 10 ** 7; // bytes

const endingOf = (name) => name.toLowerCase().split(".").at(-1);
export const stemOf = (path) => path.split("/").at(-1).replace(/\.[^.]*$/, "");
const isXml = ({ name }) => endingOf(name) === "xml";
const isZip = ({ name, blob }) => endingOf(name) === "zip" || blob.type === "application/zip";

// Takes apart what came in: [{ blob, name, path }]. Resolves to the photos, those whose annotation came along with `given`;
// to the annotations without a photo, by stem; to the names of annotations that cannot be read; and to the zips among them
// that cannot, or that have labels of another kind: { name, other }.
export async function takeApart(files) {
  const problems = [];
  const zips = [];
  const loose = [];
  for (const file of files) loose.push(...(isZip(file) ? await fromZip(file, zips) : [file]));
  const annotations = new Map(); // by keyOf
  for (const file of loose.filter(isXml)) {
    const labels = file.blob.size <= MOST_XML ? parse(await file.blob.text()) : null;
    if (labels) annotations.set(keyOf(file), labels);
    else problems.push(file.name);
  }
  const photos = loose.filter((file) => !isXml(file)).map((file) => {
    const key = findKey(annotations, keyOf(file));
    return { ...file, key, given: annotations.get(key) ?? file.given ?? null };
  });
  photos.forEach(({ key }) => annotations.delete(key));
  const given = new Map([...annotations].map(([key, labels]) => [lastOf(key), labels]));
  return { photos, given, problems, zips };
}

// A file's path without suffix, and without the folder in which VOC keeps its kind.
const keyOf = ({ path, name }) => (path ?? name).replace(/(^|\/)(JPEGImages|Annotations)\//, "$1").replace(/\.[^./]*$/, "");

const lastOf = (key) => key.split("/").at(-1);

// The annotation of a photo: of the same path, or else the only one of its name.
function findKey(annotations, key) {
  if (annotations.has(key)) return key;
  const named = [...annotations.keys()].filter((other) => lastOf(other) === lastOf(key));
  return named.length === 1 ? named[0] : null;
}

// The photos and annotations of a zip; where it has a folder for the photos, those are the photos.
async function fromZip({ blob, name }, zips) {
  try {
    const all = await unzip(blob);
    const files = all.filter((file) => endingOf(file.name) in TYPES || isXml(file));
    const ofVoc = files.some((file) => /(^|\/)JPEGImages\//.test(file.name));
    const wanted = files.filter((file) => isXml(file) || !ofVoc || /(^|\/)JPEGImages\//.test(file.name));
    if (!wanted.length) throw new Error("it holds no photo");
    if (!wanted.some(isXml) && all.some((file) => /(^|\/)(labels|annotations)\/.*\.(txt|json)$/.test(file.name))) zips.push({ name, other: true });
    const listed = await namesIn(all.filter((file) => /(^|\/)ImageSets\/Main\/[^/]*\.txt$/.test(file.name)));
    const described = new Set(wanted.filter(isXml).map(keyOf));
    const taken = [];
    for (const file of wanted) {
      const type = TYPES[endingOf(file.name)] ?? "text/xml";
      const isEmpty = listed.has(stemOf(file.name)) && !described.has(keyOf(file)); // CVAT has no XML for a photo without boxes
      const given = isEmpty ? { faces: [], checked: true } : null;
      taken.push({ blob: new Blob([await file.blob()], { type }), name: file.name.split("/").at(-1), path: file.name, given });
    }
    return taken;
  } catch {
    zips.push({ name, other: false });
    return [];
  }
}

// The photos that a data set's lists name, by stem.
async function namesIn(lists) {
  const texts = await Promise.all(lists.map(async (file) => (await file.blob()).text()));
  return new Set(texts.flatMap((text) => text.split("\n")).map((line) => line.trim().split("/").at(-1)).filter(Boolean));
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
    attributes: attributesOf(object),
  }));
  const isBox = ({ label, box: [x1, y1, x2, y2] }) => label && x1 < x2 && y1 < y2;
  if (!faces.every(isBox)) return null;
  const checked = root.getAttribute("verified") !== "no"; // as this page writes it for those that nobody has checked
  return { faces, checked, width: number(root, ":scope > size > width"), height: number(root, ":scope > size > height") };
}

function attributesOf(object) {
  const pairs = ATTRIBUTES.map((name) => [name, object.querySelector(`:scope > ${name}`)?.textContent.trim()]);
  return Object.fromEntries(pairs.filter(([, value]) => value));
}

// Puts given labels in place of what was found. Returns what is wrong with them, or null: the key of the words that say it,
// and a label that the model does not have.
export function useGiven(item, given) {
  const { image, model } = item.answer;
  if (given.width !== undefined && (given.width !== image.width || given.height !== image.height)) return { key: "labelsSize" };
  const unknown = given.faces.find(({ label }) => !model.labels.includes(label));
  if (unknown) return { key: "labelsOther", label: unknown.label };
  const isOutside = ([x1, y1, x2, y2]) => Math.max(-x1, -y1, x2 - image.width, y2 - image.height) > OUTSIDE;
  if (given.faces.some(({ box }) => isOutside(box))) return { key: "labelsOutside" };
  const within = ([x1, y1, x2, y2]) => [Math.max(0, x1), Math.max(0, y1), Math.min(image.width, x2), Math.min(image.height, y2)];
  const faces = given.faces.map(({ label, box, attributes }) => ({ label, class_id: model.labels.indexOf(label), box: within(box), score: null, attributes }));
  correct(item, faces);
  if (given.checked) check(item);
  return null;
}
