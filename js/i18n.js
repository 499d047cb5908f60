// The page's language: it follows the browser, or the switch, which is remembered.

import { CHINESE as CHINESE_PAGE, CODES } from "./chinese.js";
import * as correcting from "./correcting_words.js";
import { ENGLISH as PAGE } from "./english.js";
import { recall, remember } from "./remembered.js";

const KEY = "language";

const ENGLISH = { ...PAGE, ...correcting.ENGLISH };
const CHINESE = { ...CHINESE_PAGE, ...correcting.CHINESE };
const LANGUAGES = { en: ENGLISH, zh: { ...CHINESE, ...CODES } };

let current = initialLanguage();

function initialLanguage() {
  const remembered = recall(KEY, "");
  if (remembered in LANGUAGES) return remembered;
  return (navigator.languages ?? [navigator.language]).find(Boolean)?.toLowerCase().startsWith("zh") ? "zh" : "en";
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
  remember(KEY, current);
}

// Writes every fixed text of the page: data-t for the content, data-t-label for aria-label and tooltip.
export function applyLanguage() {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  $("[data-t]").each((_, element) => void $(element).text(t($(element).data("t"))));
  $("[data-t-alt]").each((_, element) => void $(element).attr("alt", t($(element).data("tAlt"))));
  $("[data-t-label]").each((_, element) => {
    const words = t($(element).data("tLabel"));
    $(element).attr("aria-label", words);
    if (element.tagName === "BUTTON") $(element).attr("title", words);
  });
}

export const KEYS = { en: Object.keys(ENGLISH), zh: Object.keys(CHINESE) };
