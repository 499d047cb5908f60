// Light or dark: as the system has it, or as the visitor wishes; remembered on this device.

const KEY = "theme";

function readWish() {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto"; // storage can be switched off
  }
}

// onChange() hears of each change: what is drawn takes its colours from the style sheet.
export function listenForTheme(onChange) {
  const apply = (wish) => {
    document.documentElement.style.colorScheme = wish === "auto" ? "" : wish;
    onChange();
  };
  $("#theme").val(readWish());
  apply(readWish());
  $("#theme").on("change", ({ target }) => {
    try {
      localStorage.setItem(KEY, target.value);
    } catch {
      // it holds for this visit
    }
    apply(target.value);
  });
}
