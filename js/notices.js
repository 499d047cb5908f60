// Messages that belong to no photo: each can be closed, and leaves everything else as it is.

import { t } from "./i18n.js";

const MOST = 4; // at once of those that offer nothing; the oldest goes
const PASSES_MS = 10000; // what neither warns nor offers anything goes by itself

// Shows one; words() gives its text in the language of the moment. An action { label(), run } adds a button.
// Returns what closes it.
export function notify(words, { action = null, tone = "plain" } = {}) {
  const close = () => notice.remove();
  const notice = $("<div>").addClass("notice").attr({ role: tone === "bad" ? "alert" : "status", "data-tone": tone });
  notice.data("words", words).append($("<span>").text(words()));
  if (action) {
    const run = () => {
      close();
      action.run();
    };
    notice.data("label", action.label).append($("<button>").attr("type", "button").text(action.label()).on("click", run));
  }
  const cross = $("<button>").attr({ type: "button", "aria-label": t("close") }).addClass("square close").text("×");
  notice.append(cross.on("click", close));
  $("#notices").append(notice);
  $("#notices .notice").filter((_, element) => !$(element).data("label")).slice(0, -MOST).remove();
  if (!action && tone === "plain") setTimeout(close, PASSES_MS);
  return close;
}

// Writes them in the language of the moment.
export function translateNotices() {
  $("#notices .notice").each((_, element) => {
    const notice = $(element);
    notice.children("span").text(notice.data("words")());
    notice.children(".close").attr("aria-label", t("close"));
    if (notice.data("label")) notice.children("button").first().text(notice.data("label")());
  });
}
