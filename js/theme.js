// Light or dark: as the system has it, or as the visitor wishes; remembered on this device.

import { recall, remember } from "./remembered.js";

const KEY = "theme";

// onChange() hears of each change: what is drawn takes its colours from the style sheet.
export function listenForTheme(onChange) {
  const apply = (wish) => {
    document.documentElement.style.colorScheme = wish === "auto" ? "" : wish;
    onChange();
  };
  $("#theme").val(recall(KEY, "auto"));
  apply(recall(KEY, "auto"));
  $("#theme").on("change", ({ target }) => {
    remember(KEY, target.value);
    apply(target.value);
  });
}
