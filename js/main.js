// Ties the page together: a photo comes in, is shown, is sent, and its answer is filtered by the threshold.

import { ApiError, apiBase, detect, LOWEST_THRESHOLD } from "./api.js";
import { loadPhoto, paint } from "./overlay.js";
import { showResults } from "./results.js";
import { listenForPhotos } from "./sources.js";

const base = apiBase(window.location);
const canvas = $("#canvas")[0];
let shown = { photo: null, answer: null };
let asked = null; // the blob and name that Try again sends once more
let turn = 0; // of two photos in a row, only the last one's answer counts

async function show(blob, name) {
  const own = ++turn;
  asked = { blob, name };
  shown = { photo: null, answer: null };
  setState("loading", `Looking for faces in ${name} …`);
  $("#file-name").text(name);
  const [photo, answer] = await Promise.allSettled([loadPhoto(blob), detect(base, blob)]);
  if (own !== turn) return;
  if (answer.status === "rejected") return fail(answer.reason);
  if (photo.status === "rejected") return fail(new ApiError("The browser cannot show this photo."));
  shown = { photo: photo.value, answer: answer.value };
  $("#threshold").val(Math.max(LOWEST_THRESHOLD, answer.value.model.threshold));
  $("#drop").hide();
  $("#figure, #found").prop("hidden", false);
  refresh();
  $("#main").attr("data-state", "done");
}

function refresh() {
  if (!shown.answer) return;
  const threshold = Number($("#threshold").val());
  const faces = shown.answer.results.filter((face) => face.score >= threshold);
  $("#threshold-value").text(threshold.toFixed(2));
  showResults(faces, shown.answer);
  paint(canvas, shown.photo, faces);
}

function fail(error) {
  const text = error instanceof ApiError ? error.message : "The page itself failed; reload it.";
  if (!(error instanceof ApiError)) console.error(error);
  setState("error", "No result.");
  $("#error-text").text(text);
  $("#error").prop("hidden", false);
  $("#retry").prop("hidden", !asked);
}

function setState(state, text) {
  $("#main").attr("data-state", state);
  $("#status").text(text);
  $("#error, #found, #figure").prop("hidden", true);
  $("#drop").show();
}

function refuse(text) {
  turn += 1;
  asked = null;
  fail(new ApiError(text));
}

listenForPhotos(show, refuse);
$("#threshold").on("input", refresh);
$("#retry").on("click", () => asked && show(asked.blob, asked.name));
$(window).on("resize", refresh);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
