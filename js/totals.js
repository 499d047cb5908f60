// All photos together: how many faces wear a mask, and which photos to look at first.

import { doubtOf, facesOf, isChecked } from "./corrections.js";
import { t } from "./i18n.js";
import { inOrder, inWords, isBad, isKnown } from "./labels.js";

export const countBad = (item) => facesOf(item).filter(isBad).length;

// Which photos the strip shows, and in which order; by the names in the two lists of index.html.
const CHOICES = {
  all: () => true,
  bad: (item) => countBad(item) > 0,
  good: (item) => item.state === "done" && facesOf(item).length > 0 && !countBad(item),
  empty: (item) => item.state === "done" && !facesOf(item).length,
  checked: isChecked,
  unchecked: (item) => item.state === "done" && !isChecked(item),
  failed: (item) => ["failed", "cancelled"].includes(item.state),
};
const ORDERS = {
  added: () => 0,
  bad: (a, b) => countBad(b) - countBad(a),
  doubt: (a, b) => doubtOf(b) - doubtOf(a),
  faces: (a, b) => facesOf(b).length - facesOf(a).length,
  name: (a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }),
};

export function arranged(items) {
  return items.filter(CHOICES[$("#choice").val()] ?? CHOICES.all).sort(ORDERS[$("#order").val()] ?? ORDERS.added);
}

// { photos, faces, byLabel, bad: faces worth a warning, photosWithBad }
export function totalsOf(items) {
  const done = items.filter(({ state }) => state === "done");
  const faces = done.flatMap(facesOf);
  const labels = done.length ? done.at(-1).answer.model.labels : [];
  const byLabel = inOrder(labels).map((label) => [label, faces.filter((face) => face.label === label).length]);
  return {
    photos: done.length,
    faces: faces.length,
    byLabel,
    known: labels.every(isKnown),
    masked: faces.filter((face) => face.label === "face_mask").length,
    photosWithBad: done.filter(countBad).length,
  };
}

export function totalsInWords(items) {
  const { photos, faces, byLabel, known, masked, photosWithBad } = totalsOf(items);
  if (!photos) return "";
  if (!faces) return t("totalsNone", { photos });
  if (!known) return t("totalsOther", { photos, faces, list: byLabel.filter(([, count]) => count).map(([label, count]) => `${count} ${inWords(label)}`).join(", ") });
  return t("totals", { photos, faces, percent: Math.round((100 * masked) / faces), bad: photosWithBad });
}
