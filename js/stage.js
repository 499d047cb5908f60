// The stage: the selected photo with what was found on it, or what became of it. A film takes its place while it is on.

import { isCorrecting, refreshCorrecting, selectFace } from "./correcting.js";
import { answerOf, facesOf } from "./corrections.js";
import { keepFocus } from "./focus.js";
import { countHidden, filter, useThreshold } from "./filter.js";
import { t } from "./i18n.js";
import { live, queue, view } from "./parts.js";
import { loadPhoto } from "./photo.js";
import { markRow, showResults, showTiming } from "./results.js";
import { say } from "./status.js";
import { state } from "./state.js";
import { notify } from "./notices.js";
import { revealItem, showStrip, updateItem } from "./strip.js";

const LEAST_IN_SIGHT = 80; // CSS pixels of the photo

export const isLive = () => !$("#live").prop("hidden");

export function leaveLive() {
  if (!isLive()) return;
  live.stop();
  $("#live").prop("hidden", true);
}

export function setState(name, words) {
  $("#main").attr("data-state", name);
  if (words !== undefined) say(words, "none");
}

// Puts an item of the queue on the stage.
export async function select(item) {
  leaveLive();
  Object.assign(state, { selected: item, photo: null, notice: null });
  $("#copied").text("");
  queue.hurry(item);
  showSelected();
  revealItem(item);
  const loaded = await loadPhoto(item.blob).catch(() => null);
  if (item !== state.selected) return;
  state.photo = loaded;
  if (!loaded && item.state === "done") state.notice = () => t("unshowable");
  if (!isLive()) showSelected();
}

// Whether it is no fault of the photo that it has no answer.
const isOnHold = ({ error }) => Boolean(error?.cancelled || error?.unreachable);

export function showSelected() {
  const { selected, photo, notice } = state;
  if (!selected) return showNothing();
  const failed = selected.state === "failed" || selected.state === "cancelled";
  const ready = selected.state === "done" && photo;
  $("#file-name").text(selected.name);
  $("#found, #details").prop("hidden", !ready);
  $("#figure").prop("hidden", !photo);
  $("#drop").prop("hidden", Boolean(photo));
  showError(notice ? { text: notice(), final: true } : failed && selected.error);
  $("#error").attr("data-tone", isOnHold(selected) ? "plain" : "bad");
  if (ready) showDone();
  else if (photo) view.show(photo, []);
  if (!ready) {
    refreshCorrecting();
    tellProgress(failed);
  }
  keepFocus();
}

function tellProgress(failed) {
  const { selected, photo, notice } = state;
  const { name, waits } = selected;
  if (failed || (selected.state === "done" && notice && !photo)) setState("error", t(isOnHold(selected) ? "notYet" : "failedFor", { name }));
  else setState("loading", waits ? t("waiting", { seconds: waits }) : t("working", { name }));
}

function showNothing() {
  $("#found, #figure").prop("hidden", true);
  $("#drop").prop("hidden", false);
  showError(null);
  setState("idle", t("nothingYet"));
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

export const showThumbnails = () => showStrip(queue, state.selected, select);
export const showThumbnail = (item) => updateItem(item, state.selected);

// Shows everything that depends on threshold and classes.
export function refilter() {
  showThumbnails();
  refresh();
}

// Shows what of it belongs to the photo, or the film, on the stage.
export function refresh() {
  const { threshold, selected, photo } = state;
  if (threshold !== null) $("#threshold-value").text(threshold.toFixed(2));
  if (isLive()) {
    showFilm();
  } else if (selected?.state === "done" && photo) {
    const answer = answerOf(selected);
    const faces = isCorrecting() ? facesOf(selected) : filter(answer.results); // a hidden one could not be corrected
    showResults(faces, countHidden(answer), answer, markFromRow);
    view.show(photo, faces);
    refreshCorrecting();
  }
}

function showFilm() {
  const { answer } = live;
  const counted = answer && { ...answer, results: live.counting(answer.results) };
  if (answer) showResults(filter(counted.results), countHidden(counted), counted, () => {}, { calm: true });
  else if (state.liveWords) say(state.liveWords(), "none");
  $("#fps").text(answer && !live.video.paused ? t("fps", { fps: live.fps.toFixed(1) }) : "");
  $("#found").prop("hidden", !answer);
  live.paint();
}

export function mark(face) {
  view.mark(face);
  markRow(face);
}

// On a phone the photo may be out of sight above the rows.
function markFromRow(face) {
  view.reveal(face);
  if (isCorrecting()) selectFace(face);
  const { bottom } = view.canvas.getBoundingClientRect();
  if (face && bottom < LEAST_IN_SIGHT) view.canvas.scrollIntoView({ block: "start", behavior: "smooth" });
  mark(face);
}

// Tells a problem that belongs to no photo; what is shown stays, a film too, unless it is the film that has ended.
export function refuse(words) {
  notify(words, { tone: "bad" });
  if (live.isOn || !isLive()) return;
  leaveLive();
  if (state.selected && !state.photo) select(state.selected);
  else showSelected();
}
