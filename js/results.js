// What was found, in words and numbers. Texts are set with .text(): nothing from a file or the server becomes HTML.

const LABELS = { face_mask: "with a mask", face: "without a mask" };

// The label in words; another model's labels stay as they are.
const inWords = (label) => LABELS[label] ?? label;

export function showResults(faces, answer) {
  const masked = faces.filter((face) => face.label === "face_mask").length;
  const unmasked = faces.filter((face) => face.label === "face").length;
  $("#count-masked").text(masked);
  $("#count-unmasked").text(unmasked);
  $("#status").text(summary(faces.length, unmasked));
  $("#faces").empty().append(faces.map(row));
  const { total, inference } = answer.timing_ms;
  const { width, height } = answer.image;
  $("#timing").text(`${width} × ${height} px · ${total.toFixed(0)} ms on the server, ${inference.toFixed(0)} ms of it inference`);
}

function summary(count, unmasked) {
  if (!count) return "No face found.";
  const faces = count === 1 ? "1 face" : `${count} faces`;
  if (!unmasked) return `${faces}: everyone wears a mask.`;
  return `${faces}: ${unmasked} without a mask.`;
}

function row(face, index) {
  return $("<tr>").append(
    $("<td>").text(index + 1),
    $("<td>").text(inWords(face.label)).addClass(LABELS[face.label] ? face.label : ""),
    $("<td>").text(face.score.toFixed(2)),
  );
}
