// Where photos come from: buttons, drag and drop, paste, samples. Each calls onPhotos([{ blob, name }]); the button for a
// film calls onVideo(blob).

import { t } from "./i18n.js";
import { notify } from "./notices.js";

const MOST_NAMED = 3;
const PHOTO_NAME = /^(?!\._).*\.(jpe?g|jfif|jpe|png|webp|bmp|gif|tiff?|avif|heic|heif)$/i;

const LABELS_NAME = /^(?!\._).*\.xml$/i; // beside photos: what is on them

export function listenForPhotos({ onPhotos, onVideo, onError }) {
  listenForButtons(onPhotos, onVideo, onError);
  listenForDrops(onPhotos, onError);
  listenForPaste(onPhotos, onError);
  $("#samples").on("click", "button", async (event) => {
    const name = $(event.currentTarget).data("sample");
    try {
      const response = await fetch(name);
      if (!response.ok) throw new Error(response.statusText);
      onPhotos([{ blob: await response.blob(), name: name.split("/").pop() }]);
    } catch {
      onError(() => t("sampleFailed", { name }));
    }
  });
}

const named = (file) => ({ blob: file, name: file.name, path: file.webkitRelativePath || file.pathInDrop || file.name });

function listenForButtons(onPhotos, onVideo, onError) {
  $(".choose").on("click", () => $("#file").trigger("click"));
  $(".choose-folder").on("click", () => $("#folder-file").trigger("click"));
  $(".start-video").on("click", () => $("#video-file").trigger("click"));
  $("#file").on("change", ({ target }) => {
    const files = [...target.files];
    target.value = ""; // the same file can be chosen again
    if (files.length) onPhotos(files.map(named));
  });
  $("#folder-file").on("change", ({ target }) => {
    const files = [...target.files];
    target.value = "";
    takeFolder(files, onPhotos, onError);
  });
  $("#video-file").on("change", ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file) onVideo(file);
  });
}

const someOf = (files) => files.slice(0, MOST_NAMED).map(({ name }) => name).join(", ") + (files.length > MOST_NAMED ? ", …" : "");

// Of a folder only the photos are taken; of single files all are, so that each wrong one is named.
function takeFolder(files, onPhotos, onError) {
  const photos = files.filter((file) => PHOTO_NAME.test(file.name) || LABELS_NAME.test(file.name));
  const others = files.filter((file) => !photos.includes(file) && !file.name.startsWith("."));
  if (!photos.length) return onError(() => t("emptyFolder"));
  if (others.length) notify(() => t("leftOut", { count: others.length, names: someOf(others) }));
  return onPhotos(photos.map(named));
}

function listenForDrops(onPhotos, onError) {
  let depth = 0; // dragenter and dragleave also fire for every child
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    $("body").toggleClass("dragging", depth > 0);
  };
  $(document)
    .on("dragenter", () => mark(1))
    .on("dragleave", () => mark(-1))
    .on("dragover", (event) => event.preventDefault())
    .on("drop", async (event) => {
      event.preventDefault();
      mark(-depth);
      const transfer = event.originalEvent.dataTransfer;
      const entries = [...(transfer.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      const folders = entries.filter((entry) => entry.isDirectory);
      const files = [...transfer.files].filter((file) => !folders.some((folder) => folder.name === file.name));
      if (files.length) onPhotos(files.map(named));
      for (const folder of folders) takeFolder(await filesBelow(folder), onPhotos, onError);
      if (!files.length && !folders.length) takeLink(transfer, onPhotos, onError);
    });
}

async function filesBelow(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [Object.assign(file, { pathInDrop: entry.fullPath.replace(/^\//, "") })];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const children = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!children.length) return files; // readEntries gives them in portions
    for (const child of children) files.push(...(await filesBelow(child)));
  }
}

function listenForPaste(onPhotos, onError) {
  $(document).on("paste", ({ originalEvent: event }) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) return onPhotos(files.map(named));
    if ($(event.target).is("input, textarea")) return undefined;
    return takeLink(event.clipboardData, onPhotos, onError);
  });
}

// A picture of another page: only its address comes; most servers do not let this page read it.
async function takeLink(transfer, onPhotos, onError) {
  const html = new DOMParser().parseFromString(transfer?.getData("text/html") ?? "", "text/html");
  const url = html.querySelector("img")?.getAttribute("src") ?? transfer?.getData("text/uri-list") ?? "";
  if (!/^(https?|data|blob):/i.test(url)) return onError(() => t("noFile"));
  try {
    const response = await fetch(url, { credentials: "omit" });
    const blob = await response.blob();
    if (!response.ok || !blob.type.startsWith("image/")) throw new Error("no picture");
    return onPhotos([{ blob, name: decodeURIComponent(url.split(/[?#]/)[0].split("/").pop()).slice(0, 100) || "picture" }]);
  } catch {
    return onError(() => t("linkFailed", { url: url.slice(0, 100) }));
  }
}
