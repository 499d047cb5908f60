// What was found, in words and numbers. Texts are set with .text(): nothing from a file or the server becomes HTML.

import { overThreshold } from "./filter.js";
import { t } from "./i18n.js";
import { idOf, inOrder, inWords, isBad, isKnown, scoreInWords } from "./labels.js";
import { state } from "./state.js";
import { say } from "./status.js";

const MOST_LISTED = 6; // labels; of a model with more, those that are on the photo are listed

const countOf = (faces, label) => faces.filter((face) => face.label === label).length;

// How many of each label, in a few words.
export function countsInWords(faces, labels) {
  if (labels.length === 2 && labels.every(isKnown)) {
    return t("itemCounts", { masked: countOf(faces, "face_mask"), unmasked: countOf(faces, "face") });
  }
  const found = inOrder(labels).filter((label) => countOf(faces, label));
  return found.map((label) => `${countOf(faces, label)} ${inWords(label)}`).join(", ") || t("nothingFound");
}

// faces are those shown, hidden counts those that only the filter keeps back.
function summary(faces, hidden, labels) {
  const count = faces.length;
  if (hidden) return t("filtered", { count, hidden });
  if (!labels.every(isKnown)) return t("found", { count, list: countsInWords(faces, labels) });
  if (!count) return t("noFace");
  const unmasked = countOf(faces, "face");
  const incorrect = countOf(faces, "face_mask_incorrect");
  if (incorrect) return t("someIncorrect", { count, unmasked, incorrect });
  if (count === 1) return t(unmasked ? "oneUnmasked" : "oneMasked");
  return unmasked ? t("someUnmasked", { count, unmasked }) : t("allMasked", { count });
}

// Fills counts, banner and table; onMark(face or null) hears of hover and focus.
// calm: changes are told no more often than somebody can hear them, for moving pictures.
export function showResults(faces, hidden, answer, onMark, { calm = false } = {}) {
  const { labels } = answer.model;
  listLabels(answer);
  const scored = overThreshold(answer.results); // a switch hides boxes, not the count
  $("#counts dd").each((_, element) => void $(element).text(countOf(scored, $(element).data("label"))));
  const bad = faces.some(isBad);
  const tone = bad ? "warn" : faces.length && !hidden && labels.every(isKnown) ? "good" : "none";
  say(summary(faces, hidden, labels), tone, { calm });
  $("#faces").empty().append(faces.map((face, index) => row(face, index, onMark)));
}

// Shows a count and a switch for each label, unless they are there already.
function listLabels({ model: { labels }, results }) {
  const many = labels.length > MOST_LISTED;
  const scored = overThreshold(results); // hidden ones too: they keep their switch
  const listed = inOrder(many ? labels.filter((label) => countOf(scored, label)) : labels);
  const shown = $("#counts dd").get().map((element) => $(element).data("label"));
  if (JSON.stringify(shown) === JSON.stringify(listed)) return;
  $("#counts").empty().append(listed.map(countTile));
  $("#classes label").remove();
  $("#classes").append(listed.map(classSwitch));
}

function words(tag, label) {
  const element = $(tag).text(inWords(label));
  return isKnown(label) ? element.attr("data-t", idOf(label)) : element;
}

function countTile(label) {
  const count = $("<dd>").data("label", label).attr("id", isKnown(label) ? `count-${idOf(label)}` : null).text(0);
  return $("<div>").addClass("count").addClass(isKnown(label) ? label : "").append(words("<dt>", label), count);
}

function classSwitch(label) {
  const box = $("<input>").attr({ type: "checkbox", value: label }).prop("checked", !state.hiddenLabels.has(label));
  return $("<label>").addClass("check").append(box, " ", words("<span>", label));
}

export function showTiming(answer, milliseconds) {
  const { total, decode, inference } = answer.timing_ms;
  const upload = Math.max(0, milliseconds - total);
  const rounded = { upload: upload.toFixed(0), decode: decode.toFixed(0), inference: inference.toFixed(0) };
  const { parts = 1 } = answer;
  $("#timing").text(t(parts > 1 ? "timingOfParts" : "timing", { ...answer.image, ...rounded, parts }));
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
      $("<td>").text(inWords(face.label)).addClass(isKnown(face.label) ? face.label : ""),
      $("<td>").text(scoreInWords(face)),
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
