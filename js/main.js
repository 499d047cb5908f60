// Ties the page together: photos come in, are asked about, shown, filtered and kept.

import { apiBase, asCurl, isReachable, LOWEST_THRESHOLD } from "./api.js";
import { annotated, asCsv, asJson, asZip, copy, save, stem } from "./exports.js";
import { applyLanguage, t, toggleLanguage } from "./i18n.js";
import { Live } from "./live.js";
import { loadPhoto } from "./photo.js";
import { Queue } from "./queue.js";
import { markRow, showResults, showTiming } from "./results.js";
import { listenForPhotos } from "./sources.js";
import { showProgress, showStrip } from "./strip.js";
import { View } from "./view.js";

const RECONNECT_MS = 3000;

const base = apiBase(window.location);
const queue = new Queue(base, changed);
const view = new View($("#canvas")[0], mark);
const live = new Live(base, { onFaces: showLiveFaces, onError: refuse, onTrouble: liveTrouble, filter });
let selected = null;
let photo = null; // the selected item's, loaded
let threshold = null; // the model's own until it is moved
let reconnecting = false;

const setState = (state) => $("#main").attr("data-state", state);

// The faces that threshold and class switches let through.
function filter(results) {
  const classes = $("#classes input:checked").get().map(({ value }) => value);
  const switched = $("#classes input").get().map(({ value }) => value);
  return results.filter(
    ({ score, label }) => score >= (threshold ?? 0) && (classes.includes(label) || !switched.includes(label)),
  );
}

function receive(photos) {
  stopLive();
  const items = queue.add(photos);
  select(items[0]);
}

function changed(item) {
  showProgress(queue);
  showStrip(queue, selected, { filter, onSelect: select });
  if (item === selected && item) showSelected();
  if (item?.state === "done") $("#outage").prop("hidden", true);
  if (item?.error?.unreachable) reconnect();
}

async function select(item) {
  stopLive();
  selected = item;
  photo = null;
  showStrip(queue, selected, { filter, onSelect: select });
  showSelected();
  const loaded = await loadPhoto(item.blob).catch(() => null);
  if (item !== selected) return;
  photo = loaded;
  showSelected();
}

function showSelected() {
  const { state, name, error } = selected;
  $("#file-name").text(name);
  const ready = state === "done" && photo;
  $("#found").prop("hidden", !ready);
  $("#error").prop("hidden", state !== "failed" && state !== "cancelled");
  $("#figure").prop("hidden", !photo);
  $("#drop").prop("hidden", Boolean(photo));
  if (ready) return showDone();
  if (photo) view.show(photo, []);
  if (state === "failed" || state === "cancelled") {
    $("#status").text(t("failedFor", { name })).attr("data-tone", "none");
    $("#error-text").text(error.message);
    $("#retry").prop("hidden", error.final);
    setState("error");
  } else {
    const waits = selected.waits ? t("waiting", { seconds: selected.waits }) : t("working", { name });
    $("#status").text(waits).attr("data-tone", "none");
    setState("loading");
  }
}

function showDone() {
  useThreshold(selected.answer);
  $("#details").prop("hidden", false);
  refresh();
  showTiming(selected.answer, selected.milliseconds);
  setState("done");
}

function useThreshold(answer) {
  threshold ??= Math.max(LOWEST_THRESHOLD, answer.model.threshold);
  $("#threshold").val(threshold);
}

// Everything that depends on threshold, classes or language.
function refresh() {
  if (threshold !== null) $("#threshold-value").text(threshold.toFixed(2));
  showProgress(queue);
  showStrip(queue, selected, { filter, onSelect: select });
  if (live.abort) {
    if (live.answer) showResults(filter(live.answer.results), () => {});
    live.paint();
  } else if (selected?.state === "done" && photo) {
    const faces = filter(selected.answer.results);
    showResults(faces, mark);
    view.show(photo, faces);
  }
}

function mark(face) {
  view.mark(face);
  markRow(face);
}

// A problem that belongs to no photo of the queue.
function refuse(text) {
  stopLive();
  selected = null;
  photo = null;
  $("#found, #figure, #retry").prop("hidden", true);
  $("#drop").prop("hidden", false);
  $("#status").text(t("failed")).attr("data-tone", "none");
  $("#error-text").text(text);
  $("#error").prop("hidden", false);
  setState("error");
}

// The API cannot be reached: say so, look again until it can, and ask again about what failed for it.
async function reconnect() {
  $("#outage-text").text(t("unreachable", { base }));
  $("#outage").prop("hidden", false);
  if (reconnecting) return;
  reconnecting = true;
  while (!(await isReachable(base))) await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  reconnecting = false;
  recovered();
}

function recovered() {
  $("#outage").prop("hidden", true);
  queue.retry(queue.items.filter(({ state, error }) => state === "failed" && error.unreachable));
}

async function startCamera(deviceId) {
  enterLive();
  if (!(await live.startCamera(deviceId))) return;
  const cameras = await live.cameras();
  const options = cameras.map((camera) =>
    $("<option>").val(camera.deviceId).text(camera.label).prop("selected", camera.current),
  );
  $("#camera-choice").empty().append(options).prop("hidden", cameras.length < 2);
  $("#mirrored").prop("checked", live.mirrored);
}

function enterLive() {
  live.stop();
  selected = null;
  photo = null;
  $("#drop, #figure, #error, #found").prop("hidden", true);
  $("#live").prop("hidden", false);
  $("#fps, #status").text("");
  setState("live");
}

function stopLive() {
  if ($("#live").prop("hidden")) return;
  live.stop();
  $("#live, #found").prop("hidden", true);
  $("#drop").prop("hidden", false);
  $("#status").text(t("nothingYet")).attr("data-tone", "none");
  setState("idle");
}

function showLiveFaces(answer) {
  useThreshold(answer);
  $("#outage").prop("hidden", true);
  $("#found").prop("hidden", false);
  $("#details").prop("hidden", true);
  $("#camera-tools").prop("hidden", !live.isCamera);
  $("#fps").text(t("fps", { fps: live.fps.toFixed(1) }));
  $("#threshold-value").text(threshold.toFixed(2));
  showResults(filter(answer.results), () => {});
}

function liveTrouble(error) {
  if (error.unreachable) reconnect();
  else $("#status").text(error.message).attr("data-tone", "none");
}

async function keepLivePicture() {
  const blob = await live.capture(Infinity, 0.95);
  const time = new Date().toISOString().slice(11, 19).replaceAll(":", "-");
  receive([{ blob, name: `camera_${time}.jpg` }]);
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
  $("#copied").text(t((await copy(text)) ? "copied" : "notCopied"));
}

function translate() {
  applyLanguage();
  $("#language").attr("aria-label", t("languageLabel"));
  if (!selected && $("#main").attr("data-state") === "idle") $("#status").text(t("nothingYet"));
  else if (selected) showSelected();
  refresh();
}

listenForPhotos({ onPhotos: receive, onError: refuse });
$("#threshold").on("input", ({ target }) => {
  threshold = Number(target.value);
  refresh();
});
$("#classes input").on("change", refresh);
$("#retry").on("click", () => queue.retry([selected]));
$("#outage-retry").on("click", async () => (await isReachable(base)) && recovered());
$("#cancel").on("click", () => queue.cancel());
$("#clear").on("click", () => {
  selected = null;
  photo = null;
  queue.clear();
  $("#found, #figure, #error").prop("hidden", true);
  $("#drop").prop("hidden", false);
  $("#status").text(t("nothingYet")).attr("data-tone", "none");
  setState("idle");
});
$("#save-one").on("click", "[data-save]", ({ currentTarget }) => saveOne($(currentTarget).data("save")));
$("#save-one").on("click", "[data-copy]", ({ currentTarget }) => copyText($(currentTarget).data("copy")));
$("#save-all").on("click", "[data-save]", ({ currentTarget }) => saveAll($(currentTarget).data("save")));
$(".start-camera").on("click", () => startCamera());
$(".start-video").on("click", () => $("#video-file").trigger("click"));
$("#video-file").on("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  enterLive();
  live.startVideo(file);
});
$("#camera-choice").on("change", ({ target }) => startCamera(target.value));
$("#mirrored").on("change", ({ target }) => live.setMirrored(target.checked));
$("#live-stop").on("click", stopLive);
$("#live-keep").on("click", keepLivePicture);
$("#language").on("click", () => {
  toggleLanguage();
  translate();
});
translate();
if (!(await isReachable(base))) reconnect();
