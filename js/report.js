// A report to print: the totals, and a row a photo.

import { facesOf } from "./corrections.js";
import { t } from "./i18n.js";
import { inOrder, inWords } from "./labels.js";
import { totalsInWords } from "./totals.js";

export function printReport(items) {
  const done = items.filter(({ state }) => state === "done");
  if (!done.length) return;
  const labels = inOrder(done[0].answer.model.labels);
  const head = [t("photo"), ...labels.map(inWords)].map((words) => $("<th>").attr("scope", "col").text(words));
  const rows = done.map((item) => {
    const counts = labels.map((label) => facesOf(item).filter((face) => face.label === label).length);
    const picture = item.thumbnail ? $("<img>").attr({ src: item.thumbnail, alt: "" }) : null;
    const name = $("<td>").append(picture, $("<span>").text(item.path));
    return $("<tr>").append(name, counts.map((count) => $("<td>").text(count)));
  });
  const made = t("reportMade", { date: new Date().toLocaleString(), model: done[0].answer.model.name });
  $("#report")
    .empty()
    .append($("<h1>").text(t("title")), $("<p>").text(totalsInWords(items)), $("<p>").text(made))
    .append($("<table>").append($("<thead>").append($("<tr>").append(head)), $("<tbody>").append(rows)));
  window.print();
}
