// The page's keys, and the help that lists them.

import { t } from "./i18n.js";

const KEYS = [
  [["n", "p"], "keysStep"],
  [["←", "→", "Home", "End"], "keysStrip"],
  [["+", "−", "0"], "keysZoom"],
  [["↑", "↓", "←", "→"], "keysMove"],
  [["Delete"], "keysRemove"],
  [["Space", "1", "2", "a", "Delete", "←", "Enter", "Ctrl Z"], "keysCorrect"],
  [["?"], "keysHelp"],
];

export function listKeys() {
  const rows = KEYS.map(([keys, words]) =>
    $("<tr>").append($("<td>").append(keys.flatMap((key) => [$("<kbd>").text(key), " "])), $("<td>").text(t(words))),
  );
  $("#keys").empty().append($("<tbody>").append(rows));
}

export const openHelp = () => $("#help")[0].showModal();

// Calls what a key stands for, unless something is written or chosen at the moment.
export function listenForKeys({ onStep, onRemove }) {
  const actions = { n: () => onStep(1), p: () => onStep(-1), Delete: onRemove, "?": openHelp };
  $(document).on("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
    const busy = ctrlKey || metaKey || altKey || $(target).is("input:not([type=checkbox]), select, textarea") || $("#help")[0].open;
    if (!busy && Object.hasOwn(actions, key)) actions[key]();
  });
}
