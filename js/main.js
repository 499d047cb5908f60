// Ties the page together: which part hears of what. It does nothing itself.

import { chooseLabelStyle, labelStyle } from "./boxes.js";
import { reconnectIfAway, reconnectNow, useKey } from "./connection.js";
import { endFilm, keepLivePicture, liveTrouble, showLiveFaces, startCamera, startVideo } from "./live_controls.js";
import { isCorrecting, listenForCorrecting, removeFace } from "./correcting.js";
import { listenForDataset } from "./dataset_saving.js";
import { showLabel } from "./filter.js";
import { listenForGestures } from "./gestures.js";
import { toggleLanguage } from "./i18n.js";
import { copyText, saveAll, saveOne } from "./saving.js";
import { listenForOutcome } from "./live_outcome.js";
import { listenForKeys, openHelp } from "./keys.js";
import { live, queue, view } from "./parts.js";
import { printReport } from "./report.js";
import { listenForPhotos } from "./sources.js";
import { isLive, mark, refilter, refresh, refuse, select } from "./stage.js";
import { state } from "./state.js";
import { arrange } from "./strip.js";
import { listenForTheme } from "./theme.js";
import { changed, clear, lookFiner, receive, removeSelected, restore, restoreLook, step, translate } from "./visit.js";

queue.onChange = changed;
view.onPoint = mark;
listenForGestures(view);
listenForCorrecting({ onChange: changed, onSelect: select, onMark: mark, onSwitch: refresh });
Object.assign(live, { onFaces: showLiveFaces, onError: refuse, onTrouble: liveTrouble });
listenForOutcome();
listenForDataset();
listenForPhotos({ onPhotos: receive, onVideo: startVideo, onError: refuse });

$("#threshold").on("input", ({ target }) => {
  state.threshold = Number(target.value);
  refilter();
});
$("#classes").on("change", "input", ({ target }) => {
  showLabel(target.value, target.checked);
  refilter();
});

$("#label-style")
  .val(labelStyle())
  .on("change", ({ target }) => {
    chooseLabelStyle(target.value);
    view.paint();
    live.paint();
  });
$("#fine").on("change", ({ target }) => lookFiner(target.checked));
$("#retry").on("click", () => queue.retry([state.selected]));
$("#retry-all").on("click", () => queue.retry(queue.retryable));
$("#cancel").on("click", () => queue.cancel());
$("#clear").on("click", clear);
$("#remove, #remove-failed").on("click", removeSelected);
listenForKeys({ onStep: step, onRemove: () => isLive() || (isCorrecting() ? removeFace() : removeSelected()) });
$("#help-open").on("click", openHelp);
$("#choice, #order").on("change", () => arrange(queue.items));
$("#grid").on("change", ({ target }) => $("#strip").toggleClass("grid", target.checked));
$("#print").on("click", () => printReport(queue.items));
listenForTheme(() => {
  view.paint();
  live.paint();
});
$("#outage-retry").on("click", reconnectNow);
$("#key").on("submit", useKey);

const chosen = (name, then) => ({ currentTarget }) => then($(currentTarget).data(name));
$("#save-one").on("click", "[data-save]", chosen("save", saveOne));
$("#save-one").on("click", "[data-copy]", chosen("copy", copyText));
$("#save-all").on("click", "[data-save]", chosen("save", saveAll));

$(".start-camera").on("click", () => startCamera());
$("#camera-choice").on("change", ({ target }) => startCamera(target.value));
$("#mirrored").on("change", ({ target }) => live.wishMirrored(target.checked));
$("#live-stop").on("click", endFilm);
live.onPause = () => $("#fps").text("");
$("#live-full").on("click", () => $(".film")[0].requestFullscreen?.());
$(document).on("fullscreenchange", () => live.paint());
$("#live-keep").on("click", keepLivePicture);

$("#language").on("click", () => {
  toggleLanguage();
  translate();
});

translate();
restoreLook();
restore();
reconnectIfAway();
