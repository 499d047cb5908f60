// The strip of thumbnails: a button a photo, with its counts or what became of it. One of them is a tab stop, and the arrow
// keys, Home and End walk from it.

import { facesOf, isChecked, isCorrected } from "./corrections.js";
import { t } from "./i18n.js";
import { countsInWords } from "./results.js";
import { arranged, totalsInWords } from "./totals.js";
import { whenSeen } from "./thumbnails.js";

const buttons = new Map(); // by item

// Brings the strip in step with the queue; onSelect(item) hears of a click.
export function showStrip(queue, selected, onSelect) {
  const strip = $("#strip");
  for (const [item, button] of buttons) {
    if (queue.items.includes(item)) continue;
    button.parent().remove();
    buttons.delete(item);
  }
  queue.items.forEach((item) => {
    if (!buttons.has(item)) buttons.set(item, newButton(item, onSelect).appendTo($("<li>").appendTo(strip)));
    updateItem(item, selected);
  });
  rove(selected ?? queue.items[0]);
  arrange(queue.items);
}

// The strip shows the photos that are asked for, in the order that is.
export function arrange(items) {
  const wanted = arranged([...items]).map((item) => buttons.get(item).parent()[0]);
  const strip = $("#strip")[0];
  const places = [...strip.children];
  const kept = new Set(wanted);
  places.forEach((place) => (place.hidden = !kept.has(place)));
  const shown = places.filter((place) => kept.has(place));
  if (shown.some((place, index) => place !== wanted[index])) strip.append(...wanted);
  const stop = $("#strip li:not([hidden]) button[tabindex='0']");
  if (!stop.length) {
    $("#strip button").attr("tabindex", -1);
    $("#strip li:not([hidden]) button").first().attr("tabindex", 0);
  }
}

// Shows what has become of one item.
export function updateItem(item, selected) {
  const button = buttons.get(item);
  if (!button) return;
  button.attr({ "aria-pressed": String(item === selected), "data-item-state": item.state });
  const words = describe(item);
  button.find(".state").text(words);
}

// The selected one can be seen, and is where the Tab key goes.
export function revealItem(item) {
  buttons.forEach((button, other) => button.attr("aria-pressed", String(item === other)));
  rove(item);
  const strip = $("#strip")[0];
  const place = buttons.get(item)?.parent()[0];
  if (!place) return;
  const [start, end] = [place.offsetLeft - strip.offsetLeft, place.offsetLeft - strip.offsetLeft + place.offsetWidth];
  if (start < strip.scrollLeft) strip.scrollLeft = start - place.offsetWidth / 2;
  else if (end > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = end - strip.clientWidth + place.offsetWidth / 2;
}

function rove(item) {
  buttons.forEach((button, other) => button.attr("tabindex", other === item ? 0 : -1));
  if (!buttons.has(item)) $("#strip button").first().attr("tabindex", 0);
}

function newButton(item, onSelect) {
  const picture = $("<img>").attr({ alt: "", loading: "lazy" }).prop("hidden", true);
  const button = $("<button>")
    .attr({ type: "button", title: item.path, tabindex: -1 })
    .append(picture, $("<span>").addClass("name").text(item.name), $("<span>").addClass("state"))
    .data("item", item)
    .on("click", () => onSelect(item))
    .on("keydown", walk);
  const show = (url) => picture.attr("src", url).prop("hidden", false);
  if (item.thumbnail) show(item.thumbnail);
  else whenSeen(button[0], item, show);
  return button;
}

function walk(event) {
  const all = $("#strip button:visible");
  const here = all.index(event.currentTarget);
  const target = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (target === undefined || target < 0 || target >= all.length) return;
  event.preventDefault();
  all.attr("tabindex", -1).eq(target).attr("tabindex", 0).trigger("focus").trigger("click");
}

function describe(item) {
  if (item.state === "done") return (isChecked(item) ? "✔ " : isCorrected(item) ? "✎ " : "") + countsInWords(facesOf(item), item.answer.model.labels);
  return { waiting: t("waitingItem"), working: "…", failed: t("failedItem"), cancelled: t("cancelled") }[item.state];
}

export function showProgress(queue) {
  const count = queue.items.length;
  const tally = { waiting: 0, working: 0, done: 0, failed: 0, cancelled: 0 };
  queue.items.forEach(({ state }) => (tally[state] += 1));
  const open = tally.waiting + tally.working;
  const words = [t("progress", { done: tally.done, count })];
  if (tally.failed) words.push(t("progressFailed", { failed: tally.failed }));
  if (tally.cancelled) words.push(t("progressCancelled", { cancelled: tally.cancelled }));
  $("#queue").prop("hidden", !count);
  $("#progress").attr({ max: Math.max(1, count), value: count - open });
  $("#progress-text").text(words.join(""));
  $("#cancel").prop("disabled", !open);
  $("#retry-all").prop("disabled", !queue.retryable.length).prop("hidden", count < 2);
  $("#save-all").prop("hidden", tally.done < 2);
  $("#totals").text(count > 1 ? totalsInWords(queue.items) : "");
  $("#all").prop("hidden", count < 2);
  $("#save-all-text").text(t("saveAll", { count: tally.done }));
}
