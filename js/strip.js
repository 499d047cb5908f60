// The strip of thumbnails: a button a photo, with its counts or what became of it.

import { t } from "./i18n.js";
import { countsInWords } from "./results.js";

// Shows every item of the queue; filter(results) gives the faces that count, onSelect(item) hears of a click.
export function showStrip(queue, selected, { filter, onSelect }) {
  const strip = $("#strip");
  const buttons = new Map(strip.find("button").get().map((element) => [$(element).data("item"), $(element)]));
  const kept = queue.items.map((item) => buttons.get(item) ?? newButton(item, onSelect).appendTo($("<li>").appendTo(strip)));
  for (const [item, button] of buttons) if (!queue.items.includes(item)) button.parent().remove();
  queue.items.forEach((item, index) => update(kept[index], item, item === selected, filter));
}

function newButton(item, onSelect) {
  const picture = $("<img>").attr("alt", "").prop("hidden", true);
  return $("<button>")
    .attr({ type: "button", title: item.name })
    .append(picture, $("<span>").addClass("name").text(item.name), $("<span>").addClass("state"))
    .data("item", item)
    .on("click", () => onSelect(item));
}

function update(button, item, selected, filter) {
  button.attr({ "aria-pressed": String(selected), "data-item-state": item.state });
  if (item.thumbnail) button.find("img").attr("src", item.thumbnail).prop("hidden", false);
  button.find(".state").text(describe(item, filter));
}

function describe(item, filter) {
  if (item.state === "done") return countsInWords(filter(item.answer.results), item.answer.model.labels);
  return { waiting: t("waitingItem"), working: "…", failed: t("failedItem"), cancelled: t("cancelled") }[item.state];
}

export function showProgress(queue) {
  const count = queue.items.length;
  const failed = queue.items.filter(({ state }) => state === "failed").length;
  const cancelled = queue.items.filter(({ state }) => state === "cancelled").length;
  const words = [t("progress", { done: queue.done.length, count })];
  if (failed) words.push(t("progressFailed", { failed }));
  if (cancelled) words.push(t("progressCancelled", { cancelled }));
  $("#queue").prop("hidden", !count);
  $("#progress").attr({ max: Math.max(1, count), value: count - queue.open.length });
  $("#progress-text").text(words.join(""));
  $("#cancel").prop("hidden", !queue.open.length);
  $("#retry-all").prop("hidden", !queue.retryable.length || queue.items.length < 2);
  $("#save-all").prop("hidden", queue.done.length < 2);
  $("#save-all-text").text(t("saveAll", { count: queue.done.length }));
}
