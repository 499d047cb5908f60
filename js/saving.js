// The buttons that save and copy: what is filtered away is left out.

import { asCurl } from "./api.js";
import { answerOf } from "./corrections.js";
import { annotated, asCsv, asJson, asZip, copy, save, stem } from "./exports.js";
import { filter } from "./filter.js";
import { t } from "./i18n.js";
import { base, queue } from "./parts.js";
import { state } from "./state.js";

const entry = (item) => ({ item, faces: filter(answerOf(item).results) });

export async function saveOne(kind) {
  const { selected } = state;
  const one = entry(selected);
  const name = stem(selected.name);
  if (kind === "picture") save(await annotated(selected, one.faces), `${name}_faces.jpg`);
  if (kind === "json") save(asJson([one]), `${name}.json`);
  if (kind === "csv") save(asCsv([one]), `${name}.csv`);
}

export async function saveAll(kind) {
  const all = queue.done.map(entry);
  if (kind === "zip") save(await zipped(all), "faces.zip");
  if (kind === "json") save(asJson(all), "faces.json");
  if (kind === "csv") save(asCsv(all), "faces.csv");
}

async function zipped(entries) {
  const show = (done) => $("#zip-progress").text(t("zipProgress", { done, count: entries.length }));
  show(0);
  try {
    return await asZip(entries, show);
  } finally {
    $("#zip-progress").text("");
  }
}

export async function copyText(kind) {
  const { selected, threshold } = state;
  const text =
    kind === "curl"
      ? asCurl(base, selected.name, selected.blob.type, threshold, selected.answer.detail)
      : JSON.stringify({ ...selected.answer, results: filter(answerOf(selected).results) }, null, 1);
  $("#copied").text("");
  const done = await copy(text);
  const limit = state.server.max_body_bytes;
  const tooLarge = kind === "curl" && limit && selected.blob.size > limit;
  const words = done && tooLarge ? t("copiedTooLarge", { limit: Math.floor(limit / 2 ** 20) }) : t(done ? "copied" : "notCopied");
  $("#copied").text(words);
}
