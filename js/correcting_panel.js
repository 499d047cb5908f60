// The panel of the mode in which boxes are corrected: its words and buttons.

import { canRedo, canUndo, isChecked, isCorrected, mostDoubtful } from "./corrections.js";
import { t } from "./i18n.js";
import { inWords, isKnown, scoreInWords } from "./labels.js";

// Shows what there is to do: mode has item, faces, candidates, selected and label (see correcting.js).
export function showPanel(mode) {
  const { item, selected, candidates } = mode;
  listLabels(item.answer.model.labels, selected ? selected.class_id : mode.label);
  $("#correct-remove").prop("disabled", !selected);
  $("#correct-adopt").prop("disabled", !candidates.includes(selected));
  $("#correct-undo").prop("disabled", !canUndo(item));
  $("#correct-redo").prop("disabled", !canRedo(item));
  $("#correct-back").prop("disabled", !isCorrected(item));
  $("#correct-words").text(inWordsOf(mode));
}

function listLabels(labels, chosen) {
  const buttons = labels.map((label, number) =>
    $("<button>")
      .attr({ type: "button", "data-number": number, "aria-pressed": String(number === chosen) })
      .addClass(isKnown(label) ? label : "")
      .append($("<kbd>").text(number + 1), " ", $("<span>").text(inWords(label))),
  );
  $("#correct-labels").empty().append(buttons);
}

// What there is to say of the selected box, or else of the photo.
function inWordsOf({ item, selected, candidates, faces }) {
  if (!selected) return t(isChecked(item) ? "correctDone" : "correctHint");
  const values = { label: inWords(selected.label), score: scoreInWords(selected), number: faces.indexOf(selected) + 1, count: faces.length };
  if (candidates.includes(selected)) return t("correctMaybe", values);
  return t(selected === mostDoubtful(faces) ? "correctDoubtful" : "correctSelected", values);
}

// What the canvas is for, in the language of the moment.
export const nameCanvas = (correcting) => $("#canvas").attr("aria-label", t(correcting ? "canvasCorrecting" : "canvas"));
