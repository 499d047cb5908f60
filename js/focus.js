// Keeps the keyboard's place: a control that disappears hands the focus to what took its place.

const PLACES = ["#live-stop", "#cancel", "#retry", "#retry-all", "#canvas", "#choose"]; // the first visible takes over

let last = null;

$(document).on("focusin", ({ target }) => {
  last = target;
});

const isVisible = (element) => element.isConnected && element.getClientRects().length > 0 && !element.disabled;

export function keepFocus() {
  const lost = last && !isVisible(last) && [document.body, last, null].includes(document.activeElement);
  if (!lost) return;
  const place = PLACES.map((selector) => $(selector)[0]).find(isVisible);
  place?.focus({ preventScroll: true });
}
