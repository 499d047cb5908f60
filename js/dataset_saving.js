// The card that saves the photos with their boxes as a data set.

import { facesOf, isChecked } from "./corrections.js";
import { filesOf, photoName } from "./datasets.js";
import { save } from "./exports.js";
import { t } from "./i18n.js";
import { notify } from "./notices.js";
import { queue } from "./parts.js";
import { loadPhoto, scaledJpeg } from "./photo.js";
import { zip } from "./zip.js";

const SUFFIXES = { "image/jpeg": ".jpg", "image/png": ".png", "image/bmp": ".bmp" }; // that every training reads
const QUALITY = 0.95; // of the others, as JPEG

export function showDataset() {
  const { done } = queue;
  const checked = done.filter(isChecked).length;
  const only = $("#dataset-checked").prop("checked");
  $("#dataset").prop("hidden", !done.length);
  $("#dataset-text").text(t(only ? "datasetOnly" : "datasetText", { checked, count: done.length }));
  $("#dataset-save").prop("disabled", only && !checked);
}

export function listenForDataset() {
  $("#dataset-checked").on("change", showDataset);
  $("#dataset-save").on("click", async ({ currentTarget }) => {
    $(currentTarget).prop("disabled", true);
    try {
      await saveDataset($("#dataset-format").val());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      notify(() => t("datasetTooLarge"), { tone: "bad" });
    } finally {
      $("#dataset-progress").text("");
      showDataset();
    }
  });
}

async function saveDataset(format) {
  const only = $("#dataset-checked").prop("checked");
  const items = queue.done.filter((item) => !only || isChecked(item));
  const taken = new Set();
  const photos = [];
  for (const item of items) {
    const photo = await asPhoto(item, taken).catch(() => null);
    if (photo) photos.push(photo);
    $("#dataset-progress").text(t("progress", { done: photos.length, count: items.length }));
  }
  const skipped = items.length - photos.length;
  if (skipped) notify(() => t("datasetSkipped", { count: skipped }), { tone: "bad" });
  const { labels } = items.at(-1).answer.model;
  save(await zip(filesOf(format, photos, labels), new Date()), `${format}.zip`);
}

// As it is, byte for byte, or as a JPEG where trainings would not read it.
async function asPhoto(item, taken) {
  const { width, height } = item.answer.image;
  const suffix = SUFFIXES[item.blob.type];
  const blob = suffix ? item.blob : await scaledJpeg(await loadPhoto(item.blob), width, height, 1, QUALITY);
  return { name: photoName(item.path, suffix ?? ".jpg", taken), blob, width, height, faces: facesOf(item), checked: isChecked(item) };
}
