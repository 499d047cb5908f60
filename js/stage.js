// The stage: the selected photo with what was found on it, or what became of it. A film takes its place while it is on.

import { keepFocus } from "./focus.js";
import { countHidden, filter, useThreshold } from "./filter.js";
import { t } from "./i18n.js";
import { live, queue, view } from "./parts.js";
import { loadPhoto } from "./photo.js";
import { markRow, showResults, showTiming } from "./results.js";
import { state } from "./state.js";
import { showStrip } from "./strip.js";

export const isLive = () => !$("#live").prop("hidden");

export function leaveLive() {
  if (!isLive()) return;
  live.stop();
  $("#live").prop("hidden", true);
}

export function setState(name, words) {
  $("#main").attr("data-state", name);
  if (words !== undefined) $("#status").text(words).attr("data-tone", "none");
}

// Puts an item of the queue on the stage.
export async function select(item) {
  leaveLive();
  Object.assign(state, { selected: item, photo: null, notice: null });
  $("#copied").text("");
  showSelected();
  const loaded = await loadPhoto(item.blob).catch(() => null);
  if (item !== state.selected) return;
  state.photo = loaded;
  if (!loaded && item.state === "done") state.notice = () => t("unshowable");
  if (!isLive()) showSelected();
}

export function showSelected() {
  showThumbnails();
  const { selected, photo, notice } = state;
  if (!selected) return showNothing();
  const failed = selected.state === "failed" || selected.state === "cancelled";
  const ready = selected.state === "done" && photo;
  $("#file-name").text(selected.name);
  $("#found, #details").prop("hidden", !ready);
  $("#figure").prop("hidden", !photo);
  $("#drop").prop("hidden", Boolean(photo));
  showError(notice ? { text: notice(), final: true } : failed && selected.error);
  if (ready) showDone();
  else if (photo) view.show(photo, []);
  if (!ready) tellProgress(failed);
  keepFocus();
}

function tellProgress(failed) {
  const { selected, photo, notice } = state;
  const { name, waits } = selected;
  if (failed || (selected.state === "done" && notice && !photo)) setState("error", t("failedFor", { name }));
  else setState("loading", waits ? t("waiting", { seconds: waits }) : t("working", { name }));
}

function showNothing() {
  const { notice } = state;
  $("#found, #figure").prop("hidden", true);
  $("#drop").prop("hidden", false);
  showError(notice && { text: notice(), final: true });
  setState(notice ? "error" : "idle", t(notice ? "failed" : "nothingYet"));
  keepFocus();
}

function showError(error) {
  $("#error").prop("hidden", !error);
  $("#error-text").text(error?.text ?? "");
  $("#retry").prop("hidden", Boolean(error?.final));
}

function showDone() {
  useThreshold(state.selected.answer);
  refresh();
  showTiming(state.selected.answer, state.selected.milliseconds);
  setState("done");
}

export const showThumbnails = () => showStrip(queue, state.selected, { filter, onSelect: select });

// Shows everything that depends on threshold and classes.
export function refresh() {
  const { threshold, selected, photo } = state;
  if (threshold !== null) $("#threshold-value").text(threshold.toFixed(2));
  showThumbnails();
  if (isLive()) {
    showFilm();
  } else if (selected?.state === "done" && photo) {
    const faces = filter(selected.answer.results);
    showResults(faces, countHidden(selected.answer), selected.answer, markFromRow);
    view.show(photo, faces);
  }
}

function showFilm() {
  const { answer } = live;
  if (answer) showResults(filter(answer.results), countHidden(answer), answer, () => {});
  else if (state.liveWords) $("#status").text(state.liveWords()).attr("data-tone", "none");
  $("#fps").text(answer ? t("fps", { fps: live.fps.toFixed(1) }) : "");
  $("#found").prop("hidden", !answer);
  live.paint();
}

export function mark(face) {
  view.mark(face);
  markRow(face);
}

function markFromRow(face) {
  view.reveal(face);
  mark(face);
}

// Tells a problem that belongs to no photo; what is shown stays, a film too.
export function refuse(words) {
  state.notice = words;
  if (live.isOn) return showError({ text: words(), final: true });
  leaveLive();
  return showSelected();
}
