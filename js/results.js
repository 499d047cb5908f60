// What was found, in words and numbers. Texts are set with .text(): nothing from a file or the server becomes HTML.

import { inWords, isMasked } from "./boxes.js";
import { t } from "./i18n.js";

export function countFaces(faces) {
  const masked = faces.filter(isMasked).length;
  return { masked, unmasked: faces.filter((face) => face.label === "face").length };
}

// faces are those shown, hidden counts those that only the filter keeps back.
function summary(faces, hidden) {
  const count = faces.length;
  const { unmasked } = countFaces(faces);
  if (hidden) return t("filtered", { count, hidden });
  if (!count) return t("noFace");
  if (count === 1) return t(unmasked ? "oneUnmasked" : "oneMasked");
  return unmasked ? t("someUnmasked", { count, unmasked }) : t("allMasked", { count });
}

// Fills counts, banner and table; onMark(face or null) hears of hover and focus.
export function showResults(faces, hidden, onMark) {
  const { masked, unmasked } = countFaces(faces);
  $("#count-masked").text(masked);
  $("#count-unmasked").text(unmasked);
  const tone = unmasked ? "warn" : faces.length && !hidden ? "good" : "none";
  $("#status").text(summary(faces, hidden)).attr("data-tone", tone);
  $("#faces").empty().append(faces.map((face, index) => row(face, index, onMark)));
}

export function showTiming(answer, milliseconds) {
  const { total, decode, inference } = answer.timing_ms;
  const upload = Math.max(0, milliseconds - total);
  const rounded = { upload: upload.toFixed(0), decode: decode.toFixed(0), inference: inference.toFixed(0) };
  $("#timing").text(t("timing", { ...answer.image, ...rounded }));
}

export function markRow(face) {
  $("#faces tr").each((_, element) => void $(element).toggleClass("marked", $(element).data("face") === face));
}

// Each row can be focused; the arrow keys walk from row to row.
function row(face, index, onMark) {
  const marked = () => onMark(face);
  return $("<tr>")
    .attr("tabindex", index === 0 ? 0 : -1)
    .data("face", face)
    .append(
      $("<td>").text(index + 1),
      $("<td>").text(inWords(face.label)).addClass(isMasked(face) ? "face_mask" : "face"),
      $("<td>").text(face.score.toFixed(2)),
    )
    .on("mouseenter focus", marked)
    .on("mouseleave blur", () => onMark(null))
    .on("keydown", walk);
}

function walk(event) {
  const target = { ArrowDown: "next", ArrowUp: "prev" }[event.key];
  if (!target) return;
  event.preventDefault();
  const neighbour = $(event.currentTarget)[target]();
  if (!neighbour.length) return;
  $("#faces tr").attr("tabindex", -1);
  neighbour.attr("tabindex", 0).trigger("focus");
}
