// Which faces count: threshold and class switches filter what the API answered.

import { LOWEST_THRESHOLD } from "./api.js";
import { state } from "./state.js";

// The faces that threshold and class switches let through.
export function filter(results) {
  const off = $("#classes input:not(:checked)").get().map(({ value }) => value);
  return results.filter(({ score, label }) => score >= (state.threshold ?? 0) && !off.includes(label));
}

// How many faces, by the model's own threshold, the visitor's filter keeps back.
export function countHidden(answer) {
  const usual = answer.results.filter(({ score }) => score >= answer.model.threshold);
  const shown = new Set(filter(answer.results));
  return usual.filter((face) => !shown.has(face)).length;
}

// Takes the model's own threshold, unless the visitor has moved it.
export function useThreshold(answer) {
  state.threshold ??= Math.max(LOWEST_THRESHOLD, answer.model.threshold);
  $("#threshold").val(state.threshold);
}
