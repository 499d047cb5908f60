// What a label looks like: its words, colour, sign and line. Those of this project's models are known, others get a colour.

import { t } from "./i18n.js";

// colour: a variable of style.css; dash: of the line; bad: whether it is worth a warning
const KNOWN = {
  face_mask: { key: "masked", sign: "✓", colour: "--masked-on-photo", dash: [], bad: false },
  face: { key: "unmasked", sign: "✗", colour: "--unmasked-on-photo", dash: [10, 5], bad: true },
  face_mask_incorrect: { key: "incorrect", sign: "!", colour: "--incorrect-on-photo", dash: [3, 4], bad: true },
};
const PALETTE = ["#35d6a4", "#ff9057", "#6cb6ff", "#ffd33d", "#e085ff", "#ff7b9c", "#9be564", "#b8c4ff"];

export const isKnown = (label) => Object.hasOwn(KNOWN, label);
export const isBad = (face) => isKnown(face.label) && KNOWN[face.label].bad;

// A label in words; another model's labels stay as they are.
export const inWords = (label) => (isKnown(label) ? t(KNOWN[label].key) : label);

// The sign of a face's label; none where the label is another model's.
export const signOf = (face) => (isKnown(face.label) ? KNOWN[face.label].sign : "");

// A score; a pencil where the visitor has corrected the face.
export const scoreInWords = ({ score }) => (score === null ? "✎" : score.toFixed(2));

// Colour is not the only sign: the line differs too.
export const dashOf = (face) => (isKnown(face.label) ? KNOWN[face.label].dash : []);

// The colours of style.css as they are now, light or dark.
export function colourOf(face) {
  if (!isKnown(face.label)) return PALETTE[face.class_id % PALETTE.length];
  return getComputedStyle(document.documentElement).getPropertyValue(KNOWN[face.label].colour).trim();
}

// The labels in the order in which they are listed: those of this project first, with a mask before without.
export function inOrder(labels) {
  const known = Object.keys(KNOWN).filter((label) => labels.includes(label));
  return [...known, ...labels.filter((label) => !isKnown(label))];
}

// The name of what belongs to a label on the page: an id for those that are known.
export const idOf = (label) => (isKnown(label) ? KNOWN[label].key : null);
