// Ties the page together: photos come in, are asked about, shown, filtered and kept.

import { apiBase, asCurl, isReachable, LOWEST_THRESHOLD, pause } from "./api.js";
import { annotated, asCsv, asJson, asZip, copy, save, stem } from "./exports.js";
import { keepFocus } from "./focus.js";
import { applyLanguage, t, toggleLanguage } from "./i18n.js";
import { rememberKey } from "./key.js";
import { Live } from "./live.js";
import { loadPhoto } from "./photo.js";
import { Queue } from "./queue.js";
import { markRow, showResults, showTiming } from "./results.js";
import { listenForPhotos } from "./sources.js";
import { showProgress, showStrip } from "./strip.js";
import { View } from "./view.js";

const RECONNECT_MS = 3000;
const MOST_RECONNECTS = 3; // a photo is asked about again by itself

const base = apiBase(window.location);
const queue = new Queue(base, changed);
const view = new View($("#canvas")[0], mark);
const live = new Live(base, { onFaces: showLiveFaces, onError: refuse, onTrouble: liveTrouble, filter });
let selected = null;
let photo = null; // the selected item's, loaded
let threshold = null; // the model's own until it is moved
let notice = null; // words of a problem that belongs to no photo
let liveWords = null; // words of what is wrong with the film at the moment
let reconnecting = false;

const isLive = () => !$("#live").prop("hidden");

function setState(state, words) {
  $("#main").attr("data-state", state);
  if (words !== undefined) $("#status").text(words).attr("data-tone", "none");
}

// The faces that threshold and class switches let through.
function filter(results) {
  const off = $("#classes input:not(:checked)").get().map(({ value }) => value);
  return results.filter(({ score, label }) => score >= (threshold ?? 0) && !off.includes(label));
}

// How many faces, by the model's own threshold, the visitor's filter keeps back.
function countHidden(answer) {
  const usual = answer.results.filter(({ score }) => score >= answer.model.threshold);
  const shown = new Set(filter(answer.results));
  return usual.filter((face) => !shown.has(face)).length;
}

function receive(photos) {
  const isVideo = ({ blob }) => blob.type.startsWith("video/");
  const items = queue.add(photos.filter((one) => !isVideo(one)));
  const video = photos.find(isVideo);
  if (items.length) select(items[0]);
  if (video) startVideo(video.blob);
}

function changed(item) {
  showProgress(queue);
  showStrip(queue, selected, { filter, onSelect: select });
  if (item && item === selected && !isLive()) showSelected();
  if (item?.state === "done") $("#outage").prop("hidden", true);
  if (item?.error?.unreachable) reconnect();
  if (item?.error?.unauthorized) askForKey(item.error);
  keepFocus();
}

async function select(item) {
  leaveLive();
  selected = item;
  photo = null;
  notice = null;
  $("#copied").text("");
  showSelected();
  const loaded = await loadPhoto(item.blob).catch(() => null);
  if (item !== selected) return;
  photo = loaded;
  if (!photo && item.state === "done") notice = () => t("unshowable");
  if (!isLive()) showSelected();
}

function showSelected() {
  showStrip(queue, selected, { filter, onSelect: select });
  if (!selected) return showNothing();
  const { state, name, error } = selected;
  const failed = state === "failed" || state === "cancelled";
  const ready = state === "done" && photo;
  $("#file-name").text(name);
  $("#found, #details").prop("hidden", !ready);
  $("#figure").prop("hidden", !photo);
  $("#drop").prop("hidden", Boolean(photo));
  showError(notice ? { text: notice(), final: true } : failed && error);
  if (ready) showDone();
  else if (photo) view.show(photo, []);
  if (failed || (state === "done" && notice && !photo)) setState("error", t("failedFor", { name }));
  else if (!ready) setState("loading", selected.waits ? t("waiting", { seconds: selected.waits }) : t("working", { name }));
  keepFocus();
}

function showNothing() {
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
  useThreshold(selected.answer);
  refresh();
  showTiming(selected.answer, selected.milliseconds);
  setState("done");
}

function useThreshold(answer) {
  threshold ??= Math.max(LOWEST_THRESHOLD, answer.model.threshold);
  $("#threshold").val(threshold);
}

// Everything that depends on threshold and classes.
function refresh() {
  if (threshold !== null) $("#threshold-value").text(threshold.toFixed(2));
  showStrip(queue, selected, { filter, onSelect: select });
  if (isLive()) {
    if (live.answer) showResults(filter(live.answer.results), countHidden(live.answer), () => {});
    else if (liveWords) $("#status").text(liveWords()).attr("data-tone", "none");
    $("#fps").text(live.answer ? t("fps", { fps: live.fps.toFixed(1) }) : "");
    $("#found").prop("hidden", !live.answer);
    live.paint();
  } else if (selected?.state === "done" && photo) {
    const faces = filter(selected.answer.results);
    showResults(faces, countHidden(selected.answer), markFromRow);
    view.show(photo, faces);
  }
}

function mark(face) {
  view.mark(face);
  markRow(face);
}

function markFromRow(face) {
  view.reveal(face);
  mark(face);
}

// A problem that belongs to no photo; what is shown stays, a film too.
function refuse(words) {
  notice = words;
  if (live.isOn) return showError({ text: words(), final: true });
  leaveLive();
  return showSelected();
}

// The API cannot be reached: say so, look again until it can, and ask again about what failed for it.
async function reconnect() {
  $("#outage-text").text(t("unreachable", { base }));
  $("#outage").prop("hidden", false);
  if (reconnecting) return;
  reconnecting = true;
  do await pause(RECONNECT_MS);
  while (!(await isReachable(base)));
  reconnecting = false;
  recovered();
}

function recovered() {
  $("#outage").prop("hidden", true);
  const items = queue.items.filter(
    (item) => item.state === "failed" && item.error.unreachable && (item.reconnects ?? 0) < MOST_RECONNECTS,
  );
  items.forEach((item) => (item.reconnects = (item.reconnects ?? 0) + 1));
  queue.retry(items);
}

// The API asks for a key: ask the visitor, and then again for what failed without.
function askForKey(error) {
  $("#key-text").text(error.text);
  if (!$("#key").prop("hidden")) return;
  $("#key").prop("hidden", false);
  $("#key-input").trigger("focus");
}

function useKey(event) {
  event.preventDefault();
  rememberKey($("#key-input").val().trim());
  $("#key").prop("hidden", true);
  queue.retry(queue.items.filter(({ state, error }) => state === "failed" && error.unauthorized));
}

async function startCamera(deviceId) {
  enterLive();
  if (!(await live.startCamera(deviceId))) return;
  $("#camera-tools").prop("hidden", false);
  const cameras = await live.cameras();
  const options = cameras.map((camera) =>
    $("<option>").val(camera.deviceId).text(camera.label).prop("selected", camera.current),
  );
  $("#camera-choice").empty().append(options).prop("hidden", cameras.length < 2);
  $("#mirrored").prop("checked", live.mirrored);
}

function startVideo(file) {
  enterLive();
  live.startVideo(file);
}

// The camera or a video takes the stage; the selected photo comes back when it leaves.
function enterLive() {
  live.stop();
  notice = null;
  liveWords = null;
  $("#drop, #figure, #error, #found, #camera-tools").prop("hidden", true);
  $("#live").prop("hidden", false);
  $("#fps").text("");
  setState("live", "");
  keepFocus();
}

function leaveLive() {
  if (!isLive()) return;
  live.stop();
  $("#live").prop("hidden", true);
}

function showLiveFaces(answer) {
  useThreshold(answer);
  liveWords = null;
  $("#outage, #details").prop("hidden", true);
  refresh();
}

// What was found last is no longer true: it goes.
function liveTrouble(error) {
  liveWords = () => error.text;
  if (error.unreachable) reconnect();
  if (error.unauthorized) askForKey(error);
  refresh();
}

// Adds the present picture to the photos; the film goes on.
async function keepLivePicture() {
  if (!live.hasPicture) return;
  const kind = live.isCamera ? "camera" : "video";
  const now = new Date();
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, "0"));
  const blob = await live.capture(Infinity, 0.95);
  if (!live.isOn) return; // stopped or cleared meanwhile
  const [item] = queue.add([{ blob, name: `${kind}_${time.join("-")}.jpg` }]);
  selected = item;
  photo = null;
  const loaded = await loadPhoto(blob);
  if (selected === item) photo = loaded;
}

const entry = (item) => ({ item, faces: filter(item.answer.results) });

async function saveOne(kind) {
  const one = entry(selected);
  const name = stem(selected.name);
  if (kind === "picture") save(await annotated(selected, one.faces), `${name}_faces.jpg`);
  if (kind === "json") save(asJson([one]), `${name}.json`);
  if (kind === "csv") save(asCsv([one]), `${name}.csv`);
}

async function saveAll(kind) {
  const all = queue.done.map(entry);
  if (kind === "zip") save(await asZip(all), "faces.zip");
  if (kind === "json") save(asJson(all), "faces.json");
  if (kind === "csv") save(asCsv(all), "faces.csv");
}

async function copyText(kind) {
  const text =
    kind === "curl"
      ? asCurl(base, selected.name, selected.blob.type, threshold)
      : JSON.stringify({ ...selected.answer, results: filter(selected.answer.results) }, null, 1);
  $("#copied").text("");
  const done = await copy(text);
  $("#copied").text(t(done ? "copied" : "notCopied"));
}

function clear() {
  leaveLive();
  selected = null;
  photo = null;
  notice = null;
  queue.clear();
  showSelected();
}

function translate() {
  applyLanguage();
  $("#language").attr("aria-label", t("languageLabel"));
  $("#outage-text").text(t("unreachable", { base }));
  $("#key-text").text(t("needsKey"));
  $("#copied").text("");
  showProgress(queue);
  if (isLive()) refresh();
  else showSelected();
}

listenForPhotos({ onPhotos: receive, onError: refuse });
$("#threshold").on("input", ({ target }) => {
  threshold = Number(target.value);
  refresh();
});
$("#classes input").on("change", refresh);
$("#retry").on("click", () => queue.retry([selected]));
$("#retry-all").on("click", () => queue.retry(queue.retryable));
$("#outage-retry").on("click", async () => (await isReachable(base)) && recovered());
$("#key").on("submit", useKey);
$("#cancel").on("click", () => queue.cancel());
$("#clear").on("click", clear);
$("#save-one").on("click", "[data-save]", ({ currentTarget }) => saveOne($(currentTarget).data("save")));
$("#save-one").on("click", "[data-copy]", ({ currentTarget }) => copyText($(currentTarget).data("copy")));
$("#save-all").on("click", "[data-save]", ({ currentTarget }) => saveAll($(currentTarget).data("save")));
$(".start-camera").on("click", () => startCamera());
$(".start-video").on("click", () => $("#video-file").trigger("click"));
$("#video-file").on("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file) startVideo(file);
});
$("#camera-choice").on("change", ({ target }) => startCamera(target.value));
$("#mirrored").on("change", ({ target }) => live.wishMirrored(target.checked));
$("#live-stop").on("click", () => {
  leaveLive();
  if (selected && !photo) select(selected);
  else showSelected();
});
$("#live-keep").on("click", keepLivePicture);
$("#language").on("click", () => {
  toggleLanguage();
  translate();
});
translate();
if (!(await isReachable(base))) reconnect();
