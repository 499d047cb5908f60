// The photos of a visit: they come in, their progress is shown, they are kept over a reload, and cleared.

import { askForKey, nameOutage, reconnect } from "./connection.js";
import { startVideo } from "./live_controls.js";
import { isCorrecting } from "./correcting.js";
import { nameCanvas } from "./correcting_panel.js";
import { showDataset } from "./dataset_saving.js";
import { useThreshold } from "./filter.js";
import { keepFocus } from "./focus.js";
import { stemOf, takeApart, useGiven } from "./given_labels.js";
import { applyLanguage, t } from "./i18n.js";
import { listKeys } from "./keys.js";
import { notify, translateNotices } from "./notices.js";
import { base, queue } from "./parts.js";
import { recall, remember } from "./remembered.js";
import { isLive, leaveLive, refilter, select, showSelected, showThumbnail, showThumbnails } from "./stage.js";
import { state } from "./state.js";
import { forget, keepAnswer, keepPhotos, kept } from "./storage.js";
import { arrange, showProgress } from "./strip.js";
import { dropThumbnail } from "./thumbnails.js";
import { arranged } from "./totals.js";

const SETTLED = ["done", "failed", "cancelled"];
const DETAIL = "detail";
const PROGRESS_MS = 300;
const MOST_NAMED = 3; // of files that cannot be used

let progressTimer = null;

export async function receive(files) {
  const isVideo = ({ blob }) => blob.type.startsWith("video/");
  const { photos, given, problems, zips } = await takeApart(files.filter((one) => !isVideo(one)));
  const items = queue.add(photos);
  keepPhotos(items);
  giveLabels(given, problems);
  zips.forEach(({ name, other }) => notify(() => t(other ? "zipOther" : "zipUnread", { name }), { tone: "bad" }));
  const [video, ...others] = files.filter(isVideo);
  if (items.length) select(items[0]);
  if (video) startVideo(video.blob);
  if (others.length) notify(() => t("oneFilm", { name: video.name, others: others.map(({ name }) => name).join(", ") }));
}

// Annotations that came without their photos are for photos that are here already.
function giveLabels(given, problems) {
  const unread = [...problems];
  given.forEach((labels, stem) => {
    const item = queue.items.find(({ path }) => stemOf(path) === stem);
    if (item) Object.assign(item, { given: labels });
    else unread.push(`${stem}.xml`);
    if (item?.state === "done") changed(item);
  });
  if (unread.length) notify(() => t("labelsUnread", { names: unread.slice(0, MOST_NAMED).join(", "), count: unread.length }), { tone: "bad" });
}

// The labels that came with a photo count once its size is known.
function takeGiven(item) {
  const problem = useGiven(item, item.given);
  item.given = null;
  keepPhotos([item]);
  if (problem) notify(() => t(problem.key, { name: item.name, label: problem.label }), { tone: "bad" });
}

// The switch as it was left.
export function restoreLook() {
  queue.detail = recall(DETAIL, queue.detail);
  $("#fine").prop("checked", queue.detail === "fine");
}

// The photos of the visit before, if it was not cleared.
export async function restore() {
  const items = await kept();
  if (!items.length) return;
  queue.bring(items);
  if (!state.selected && !isLive()) select(items[0]);
  notify(() => t("restored", { count: items.length }));
}

// An item of the queue, or with null all of it, has changed.
export function changed(item) {
  showProgressSoon();
  if (item?.state === "done") useThreshold(item.answer);
  if (item?.state === "done" && item.given) takeGiven(item);
  if (item) showThumbnail(item);
  else showThumbnails();
  if (item && SETTLED.includes(item.state)) keepAnswer(item);
  if (item && item === state.selected && !isLive()) showSelected();
  if (item?.state === "done") $("#outage").prop("hidden", true);
  if (item?.error?.unreachable) reconnect();
  if (item?.error?.unauthorized) askForKey(item.error);
}

// At once, and then no more often than need be: a thousand photos change thousands of times.
function showProgressSoon() {
  if (progressTimer) return;
  showProgress(queue);
  showDataset();
  keepFocus();
  progressTimer = setTimeout(() => {
    progressTimer = null;
    showProgress(queue);
    showDataset();
    arrange(queue.items);
    keepFocus();
  }, PROGRESS_MS);
}

// How photos are looked at from now on; the selected one is looked at again.
export function lookFiner(fine) {
  queue.detail = fine ? "fine" : "normal";
  remember(DETAIL, queue.detail);
  if (state.selected && !isLive()) queue.retry([state.selected].filter(({ state: itemState }) => itemState === "done"));
}

// All photos go; for as long as the notice stands they can come back.
export function clear() {
  leaveLive();
  const items = queue.clear();
  forget(items.map(({ id }) => id));
  Object.assign(state, { selected: null, photo: null, notice: null });
  showProgress(queue);
  showDataset();
  showSelected();
  if (!items.length) return;
  notify(() => t("cleared", { count: items.length }), { action: { label: () => t("undo"), run: () => bringBack(items) } });
}

// One photo goes, and can come back too.
export function removeSelected() {
  const { selected } = state;
  const at = queue.items.indexOf(selected);
  if (at < 0) return;
  queue.remove(selected);
  forget([selected.id]);
  Object.assign(state, { selected: null, photo: null });
  const next = queue.items[Math.min(at, queue.items.length - 1)];
  if (next) select(next);
  else showSelected();
  notify(() => t("removed", { name: selected.name }), { action: { label: () => t("undo"), run: () => bringBack([selected]) } });
}

function bringBack(items) {
  items.forEach(dropThumbnail);
  queue.bring(items);
  keepPhotos(items);
  items.filter((item) => SETTLED.includes(item.state)).forEach(keepAnswer);
  select(items[0]);
}

// The photo so many places on in the strip, if there is one.
export function step(places) {
  const shown = arranged([...queue.items]);
  const next = shown[shown.indexOf(state.selected) + places];
  if (next && state.selected) select(next);
}

// Writes everything on the page in the language of the moment.
export function translate() {
  applyLanguage();
  $("#language").attr("aria-label", t("languageLabel"));
  nameOutage();
  $("#foreign-text").text(t("foreign", { base }));
  $("#key-text").text(t("needsKey"));
  $("#copied").text("");
  nameCanvas(isCorrecting());
  translateNotices();
  listKeys();
  showProgress(queue);
  showDataset();
  refilter();
  if (!isLive()) showSelected();
}
