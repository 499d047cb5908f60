// The photos of a visit: they come in, their progress is shown, they are cleared.

import { askForKey, nameOutage, reconnect } from "./connection.js";
import { startVideo } from "./live_controls.js";
import { keepFocus } from "./focus.js";
import { applyLanguage, t } from "./i18n.js";
import { queue } from "./parts.js";
import { isLive, leaveLive, refresh, select, showSelected, showThumbnails } from "./stage.js";
import { state } from "./state.js";
import { showProgress } from "./strip.js";

export function receive(photos) {
  const isVideo = ({ blob }) => blob.type.startsWith("video/");
  const items = queue.add(photos.filter((one) => !isVideo(one)));
  const video = photos.find(isVideo);
  if (items.length) select(items[0]);
  if (video) startVideo(video.blob);
}

// An item of the queue, or with null all of it, has changed.
export function changed(item) {
  showProgress(queue);
  showThumbnails();
  if (item && item === state.selected && !isLive()) showSelected();
  if (item?.state === "done") $("#outage").prop("hidden", true);
  if (item?.error?.unreachable) reconnect();
  if (item?.error?.unauthorized) askForKey(item.error);
  keepFocus();
}

// How photos are looked at from now on; the selected one is looked at again.
export function lookFiner(fine) {
  queue.detail = fine ? "fine" : "normal";
  if (state.selected && !isLive()) queue.retry([state.selected].filter(({ state: itemState }) => itemState === "done"));
}

export function clear() {
  leaveLive();
  Object.assign(state, { selected: null, photo: null, notice: null });
  queue.clear();
  showSelected();
}

// Writes everything on the page in the language of the moment.
export function translate() {
  applyLanguage();
  $("#language").attr("aria-label", t("languageLabel"));
  nameOutage();
  $("#key-text").text(t("needsKey"));
  $("#copied").text("");
  showProgress(queue);
  if (isLive()) refresh();
  else showSelected();
}
