// How much a photo is scaled down, for the page and its worker.

// The longer side is at most so long, but the other never shorter than that on its account; limits in px.
export function scaleFor(width, height, { longest, shortest }) {
  return Math.min(1, Math.max(longest / Math.max(width, height), shortest / Math.min(width, height)));
}
