// What a film or the camera comes to: the timeline, the alarm, the region, the film that is saved.

import { clearAlarms, watch } from "./alarm.js";
import { save } from "./exports.js";
import { filter } from "./filter.js";
import { t } from "./i18n.js";
import { notify } from "./notices.js";
import { live } from "./parts.js";
import { stopRecording, toggleRecording } from "./recording.js";
import { drawRegion, forgetRegion, inRegion, listenForRegion } from "./region.js";
import { Timeline } from "./timeline.js";

const SNAPSHOT = { longest: 640, quality: 0.8 };

const timeline = new Timeline($("#timeline")[0]);
let began = 0;

export function listenForOutcome() {
  live.counting = inRegion;
  live.filter = (results) => inRegion(filter(results));
  live.overlay = drawRegion;
  live.onStop = stopRecording; // which saves the film
  timeline.onSeek = (seconds) => {
    if (!live.isCamera && live.isOn) live.video.currentTime = Math.min(seconds, live.video.duration || 0);
  };
  listenForRegion(live);
  $("#live-csv").on("click", () => save(timeline.asCsv(), "faces_over_time.csv"));
  $("#live-record").on("click", () => {
    const shown = (recording) => $("#live-record").text(t(recording ? "recordStop" : "record")).attr("aria-pressed", String(recording));
    if (!toggleRecording(live.canvas, shown)) notify(() => t("noRecording"), { tone: "bad" });
  });
}

// A new film begins.
export function beginOutcome() {
  began = performance.now();
  timeline.clear();
  clearAlarms();
  forgetRegion();
}

// Hears of each answer.
export function addOutcome(answer) {
  const faces = live.filter(answer.results);
  const seconds = live.isCamera ? (performance.now() - began) / 1000 : live.video.currentTime;
  timeline.add(seconds, faces, answer.model.labels);
  watch(faces, () => live.capture(SNAPSHOT.longest, SNAPSHOT.quality));
}
