// Which faces count: threshold and class switches filter what the API answered.

import { LOWEST_THRESHOLD } from "./api.js";
import { state } from "./state.js";

// The faces that count; a corrected one does in any case.
export const overThreshold = (results) => results.filter(({ corrected, score }) => corrected || score >= (state.threshold ?? 0));

// Those of them that are shown: a class that is switched off hides boxes, not the count.
export const filter = (results) => overThreshold(results).filter(({ label }) => !state.hiddenLabels.has(label));

// How many faces, by the model's own threshold, the visitor's filter keeps back.
export function countHidden(answer) {
  const usual = answer.results.filter(({ corrected, score }) => corrected || score >= answer.model.threshold);
  const shown = new Set(filter(answer.results));
  return usual.filter((face) => !shown.has(face)).length;
}

// A label is shown, or hidden.
export function showLabel(label, shown) {
  if (shown) state.hiddenLabels.delete(label);
  else state.hiddenLabels.add(label);
}

// Takes the model's own threshold, unless the visitor has moved it.
export function useThreshold(answer) {
  state.threshold ??= Math.max(LOWEST_THRESHOLD, answer.model.threshold);
  $("#threshold").val(state.threshold);
}
