// The page's words in English and Chinese. The language follows the browser, or the switch, which is remembered.

const KEY = "language";

const ENGLISH = {
  title: "Face mask detector",
  intro: "Choose photos: every face gets a box that says whether it wears a mask.",
  drop: "Drop photos or a folder here, or paste a picture",
  or: "or",
  choose: "Choose photos",
  folder: "Choose a folder",
  camera: "Camera",
  video: "Video file",
  hint: "JPEG, PNG, WebP or BMP; large photos are scaled down before they are sent",
  more: "More photos",
  samples: "No photo at hand? Take one of these",
  privacy: "Photos go to the detector on the server, are answered and forgotten: nothing is stored.",
  language: "中文",
  languageLabel: "Switch to Chinese",
  photoArea: "Photo",
  resultArea: "Result",
  queueArea: "Photos",
  canvas: "Photo with the faces found. Plus and minus zoom, arrow keys move, 0 shows all of it.",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  zoomFit: "Show the whole photo",
  nothingYet: "No photo yet.",
  working: "Looking for faces in {name} …",
  waiting: "The detector is busy; trying again in {seconds} s …",
  noFace: "No face found.",
  filtered: "{count} shown, {hidden} hidden by the filter.",
  oneMasked: "1 face, and it wears a mask.",
  allMasked: "{count} faces: everyone wears a mask.",
  oneUnmasked: "1 face, without a mask.",
  someUnmasked: "{count} faces: {unmasked} without a mask.",
  masked: "with a mask",
  unmasked: "without a mask",
  threshold: "Threshold",
  show: "Show",
  faces: "Faces, best score first",
  label: "Label",
  score: "Score",
  timing: "{width} × {height} px · sending {upload} ms · decoding {decode} ms · inference {inference} ms",
  failed: "No result.",
  failedFor: "No result for {name}.",
  retry: "Try again",
  unreachable: "The detector at {base} cannot be reached. The page tries again by itself.",
  timeout: "The detector did not answer within {seconds} seconds.",
  needsKey: "This detector asks for an API key.",
  wrongKey: "The detector does not take this API key.",
  keyLabel: "API key",
  useKey: "Use this key",
  noReason: "The detector answered {status} without saying why.",
  overloaded: "The detector is too busy; try again in a moment.",
  unshowable: "The browser cannot show this photo.",
  sampleFailed: "The sample {name} cannot be loaded from the page's server.",
  noFile: "That was no file; drop photos from your computer.",
  emptyFolder: "The folder holds no photo (JPEG, PNG, WebP or BMP).",
  savePicture: "Picture",
  saveJson: "JSON",
  saveCsv: "CSV",
  saveOne: "Save this one",
  saveAll: "Save all {count}",
  saveZip: "Pictures (zip)",
  copyCurl: "Copy as curl",
  copyJson: "Copy the answer",
  copied: "Copied.",
  notCopied: "The browser does not let this page copy.",
  progress: "{done} of {count} done",
  progressFailed: ", {failed} failed",
  progressCancelled: ", {cancelled} cancelled",
  retryAll: "Try again",
  cancel: "Cancel",
  clear: "Clear",
  cancelled: "cancelled",
  waitingItem: "waiting",
  failedItem: "failed",
  itemCounts: "{masked} with, {unmasked} without",
  stop: "Stop",
  keep: "Keep this picture",
  pickCamera: "Which camera",
  mirrored: "Mirrored",
  fps: "{fps} pictures a second",
  cameraInsecure: "The browser gives the camera to https pages and to localhost only; this page came over plain http from {host}.",
  cameraDenied: "The camera was not allowed; allow it in the browser's address bar and try again.",
  cameraNone: "No camera was found.",
  cameraBusy: "The camera cannot be opened; another program may be using it.",
  videoFailed: "The browser cannot play this video.",
};

const CHINESE = {
  title: "口罩检测",
  intro: "选择照片：每张人脸都会标出是否佩戴口罩。",
  drop: "把照片或文件夹拖到这里，或直接粘贴图片",
  or: "或者",
  choose: "选择照片",
  folder: "选择文件夹",
  camera: "摄像头",
  video: "视频文件",
  hint: "支持 JPEG、PNG、WebP、BMP；大照片会先缩小再发送",
  more: "更多照片",
  samples: "手边没有照片？试试这些",
  privacy: "照片发送到服务器检测，给出结果后即丢弃，不会保存。",
  language: "English",
  languageLabel: "切换到英文",
  photoArea: "照片",
  resultArea: "结果",
  queueArea: "照片列表",
  canvas: "标出人脸的照片。加减键缩放，方向键移动，0 显示全图。",
  zoomIn: "放大",
  zoomOut: "缩小",
  zoomFit: "显示全图",
  nothingYet: "还没有照片。",
  working: "正在检测 {name} …",
  waiting: "服务器繁忙，{seconds} 秒后重试 …",
  noFace: "没有找到人脸。",
  filtered: "显示 {count} 张，筛选隐藏 {hidden} 张。",
  oneMasked: "1 张人脸，已戴口罩。",
  allMasked: "{count} 张人脸：全部戴口罩。",
  oneUnmasked: "1 张人脸，未戴口罩。",
  someUnmasked: "{count} 张人脸：{unmasked} 人未戴口罩。",
  masked: "戴口罩",
  unmasked: "未戴口罩",
  threshold: "阈值",
  show: "显示",
  faces: "人脸（按分数从高到低）",
  label: "类别",
  score: "分数",
  timing: "{width} × {height} 像素 · 传输 {upload} 毫秒 · 解码 {decode} 毫秒 · 推理 {inference} 毫秒",
  failed: "没有结果。",
  failedFor: "{name}：没有结果。",
  retry: "重试",
  unreachable: "无法连接检测服务 {base}，网页会自动重试。",
  timeout: "检测服务在 {seconds} 秒内没有回应。",
  needsKey: "此检测服务需要 API 密钥。",
  wrongKey: "检测服务不接受这个 API 密钥。",
  keyLabel: "API 密钥",
  useKey: "使用此密钥",
  noReason: "检测服务返回 {status}，没有说明原因。",
  overloaded: "检测服务太忙，请稍后重试。",
  unshowable: "浏览器无法显示这张照片。",
  sampleFailed: "无法从网页服务器加载示例 {name}。",
  noFile: "这不是文件，请拖入电脑上的照片。",
  emptyFolder: "文件夹里没有照片（JPEG、PNG、WebP、BMP）。",
  savePicture: "图片",
  saveJson: "JSON",
  saveCsv: "CSV",
  saveOne: "保存这一张",
  saveAll: "保存全部 {count} 张",
  saveZip: "图片（zip）",
  copyCurl: "复制 curl 命令",
  copyJson: "复制返回结果",
  copied: "已复制。",
  notCopied: "浏览器不允许复制。",
  progress: "已完成 {done} / {count}",
  progressFailed: "，失败 {failed}",
  progressCancelled: "，取消 {cancelled}",
  retryAll: "重试",
  cancel: "取消",
  clear: "清空",
  cancelled: "已取消",
  waitingItem: "等待中",
  failedItem: "失败",
  itemCounts: "戴 {masked}，未戴 {unmasked}",
  stop: "停止",
  keep: "保留这一帧",
  pickCamera: "选择摄像头",
  mirrored: "镜像",
  fps: "每秒 {fps} 帧",
  cameraInsecure: "浏览器只允许 https 页面和 localhost 使用摄像头；本页通过普通 http 来自 {host}。",
  cameraDenied: "摄像头未获允许，请在浏览器地址栏中允许后重试。",
  cameraNone: "没有找到摄像头。",
  cameraBusy: "无法打开摄像头，可能正被其他程序使用。",
  videoFailed: "浏览器无法播放这个视频。",
};

// The API's own sentences are English; for Chinese each code has one here.
const CHINESE_CODES = {
  code_empty_image: "图片是空的（0 字节）；请发送 JPEG、PNG、WebP 或 BMP。",
  code_unsupported_image: "这不是支持的图片格式；请发送 JPEG、PNG、WebP 或 BMP。",
  code_undecodable_image: "图片无法解码，可能不完整或已损坏。",
  code_body_too_large: "文件超过了服务器的大小限制。",
  code_image_too_large: "图片的像素数超过了服务器的限制。",
  code_unsupported_media_type: "服务器不接受这种文件类型。",
  code_internal_error: "检测服务出错，请稍后重试。",
  code_inference_failed: "模型无法处理这张照片。",
};

const LANGUAGES = { en: ENGLISH, zh: { ...CHINESE, ...CHINESE_CODES } };

let current = initialLanguage();

function initialLanguage() {
  const remembered = readRemembered();
  if (remembered in LANGUAGES) return remembered;
  return (navigator.languages ?? [navigator.language]).find(Boolean)?.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function readRemembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage can be switched off
  }
}

// The words for a key, with {name} replaced by values.name.
export function t(key, values = {}) {
  const words = LANGUAGES[current][key] ?? ENGLISH[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// The current language's own words for a key, or undefined where it has none.
export function translated(key) {
  return LANGUAGES[current][key];
}

export function toggleLanguage() {
  current = current === "en" ? "zh" : "en";
  try {
    localStorage.setItem(KEY, current);
  } catch {
    // the switch still works for this visit
  }
}

// Writes every fixed text of the page: data-t for the content, data-t-label for aria-label and tooltip.
export function applyLanguage() {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  $("[data-t]").each((_, element) => void $(element).text(t($(element).data("t"))));
  $("[data-t-label]").each((_, element) => {
    const words = t($(element).data("tLabel"));
    $(element).attr("aria-label", words);
    if (element.tagName === "BUTTON") $(element).attr("title", words);
  });
}

export const KEYS = { en: Object.keys(ENGLISH), zh: Object.keys(CHINESE) };
