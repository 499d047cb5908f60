// What the visitor says is on a photo, in place of what the detector found: kept at its item, with undo and redo.

import { overThreshold } from "./filter.js";
import { state } from "./state.js";

const MOST_STEPS = 200; // that can be undone
const NEAR = 0.25; // of the threshold: where a score says little
const LEAST = 0.1; // a score that is worth a look
const SAME_FACE = 0.3; // IoU
const ONE_STEP_MS = 1000; // between key presses that are undone together

// item.labels has the faces as corrected: all of them count, whatever the threshold; those that were changed or drawn have no
// score any more. item.checked: the visitor has said that they are right.
export const isCorrected = (item) => Boolean(item.labels);
export const isChecked = (item) => Boolean(item.checked);

// The item's answer as it is shown.
export const answerOf = (item) => (isCorrected(item) ? { ...item.answer, results: item.labels } : item.answer);

// The faces that count.
export const facesOf = (item) => (item.state === "done" ? overThreshold(answerOf(item).results) : []);

const distance = ({ score }) => Math.abs(score - state.threshold);
const isNear = (face) => face.score !== null && face.score >= LEAST && distance(face) <= NEAR;

const doubts = new WeakMap(); // by item: what it was reckoned from, and the doubt; sorting asks again and again

// How doubtful a photo is, from 0 to 1: as its face whose score is nearest to the threshold. Nothing is, once checked.
export function doubtOf(item) {
  const from = [item.state, item.answer, item.labels, item.checked, state.threshold];
  const known = doubts.get(item);
  if (known?.from.every((value, index) => value === from[index])) return known.doubt;
  const doubt = reckonDoubt(item);
  doubts.set(item, { from, doubt });
  return doubt;
}

function reckonDoubt(item) {
  if (item.state !== "done" || isChecked(item)) return 0;
  const faces = facesOf(item);
  return Math.max(0, ...[...faces, ...candidatesOf(item, faces)].filter(isNear).map((face) => 1 - distance(face)));
}

// Of some faces with a score, the one that is the most doubtful; null if all are sure.
export function mostDoubtful(faces) {
  return faces.filter(isNear).sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

// What the detector found under the threshold and that may be a face all the same, but for what lies on one of the faces.
export function candidatesOf(item, faces) {
  const below = item.answer.results.filter((face) => face.score < state.threshold && isNear(face));
  return below.filter((face) => !faces.some((other) => iou(face.box, other.box) > SAME_FACE));
}

function iou(a, b) {
  const side = (axis) => Math.max(0, Math.min(a[axis + 2], b[axis + 2]) - Math.max(a[axis], b[axis]));
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  const shared = side(0) * side(1);
  return shared / (area(a) + area(b) - shared);
}

// Takes faces in place of the present ones. Changes of the same kind that follow each other at once are one step.
export function correct(item, faces, kind = null) {
  const now = performance.now();
  const again = kind !== null && item.lastKind === kind && now - item.lastTime < ONE_STEP_MS;
  if (!again) item.past = [...(item.past ?? []), item.labels ?? null].slice(-MOST_STEPS);
  Object.assign(item, { labels: faces.map((face) => ({ ...face, corrected: true })), future: [], lastKind: kind, lastTime: now });
}

export const canUndo = (item) => Boolean(item?.past?.length);
export const canRedo = (item) => Boolean(item?.future?.length);

export function undo(item) {
  if (!canUndo(item)) return;
  item.future = [item.labels ?? null, ...(item.future ?? [])];
  const labels = item.past.at(-1);
  Object.assign(item, { labels, past: item.past.slice(0, -1), lastKind: null, checked: Boolean(labels) && isChecked(item) });
}

export function redo(item) {
  if (!canRedo(item)) return;
  item.past = [...(item.past ?? []), item.labels ?? null];
  Object.assign(item, { labels: item.future[0], future: item.future.slice(1), lastKind: null });
}

// The faces are right as they are now.
export function check(item) {
  if (!isCorrected(item)) correct(item, facesOf(item));
  item.checked = true;
}

// What the detector found counts again.
export function takeBack(item) {
  if (!isCorrected(item)) return;
  Object.assign(item, { past: [...(item.past ?? []), item.labels], labels: null, future: [], lastKind: null, checked: false });
}
