// Pointers, wheel and keys on the photo: they zoom and move it, and point at faces, unless the view's tool takes them.

const STEP = 1.25;
const DOUBLE = 2.5; // a double click
const TAP = 8; // CSS pixels that a finger may slip
const PAN = 60; // CSS pixels an arrow key moves

const pointers = new Map(); // those that are down: their places by id
let pressed = null; // where the first of them came down
let taken = false; // whether the tool has it

const place = (event) => [event.offsetX, event.offsetY];

export function listenForGestures(view) {
  view.canvas.addEventListener("wheel", (event) => wheel(view, event), { passive: false });
  $(view.canvas)
    .on("pointerdown", ({ originalEvent: event }) => press(view, event))
    .on("pointermove", ({ originalEvent: event }) => move(view, event))
    .on("pointerup pointercancel", ({ originalEvent: event }) => lift(view, event))
    .on("dblclick", ({ originalEvent: event }) => view.tool || view.zoomBy(view.zoom > 1 ? 0 : DOUBLE, place(event)))
    .on("pointerleave", ({ originalEvent: event }) => event.pointerType === "mouse" && view.onPoint(null))
    .on("contextmenu", (event) => view.tool && event.preventDefault()) // that button moves the photo
    .on("keydown", (event) => key(view, event));
  $("#zoom-in").on("click", () => view.zoomBy(STEP));
  $("#zoom-out").on("click", () => view.zoomBy(1 / STEP));
  $("#zoom-fit").on("click", () => view.fit());
}

function wheel(view, event) {
  if (!event.ctrlKey && view.zoom === 1) return; // the page scrolls
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.panBy(-event.deltaX, 0);
  else view.zoomBy(event.deltaY < 0 ? STEP : 1 / STEP, place(event));
}

// The first pointer may be the tool's; a second one means a pinch, and takes back what the first began.
function press(view, event) {
  view.canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, place(event));
  pressed = place(event);
  if (taken) view.tool?.cancel();
  taken = pointers.size === 1 && event.button === 0 && Boolean(view.photo) && Boolean(view.tool?.press(pressed, event));
}

// One pointer drags, two pinch, none over a face marks it.
function move(view, event) {
  const now = place(event);
  const before = pointers.get(event.pointerId);
  if (!before) {
    if (view.tool) view.tool.hover(now);
    else if (view.photo) view.onPoint(view.faceAt(...now));
    return;
  }
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const distance = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
    view.zoomBy(distance(now) / distance(before), other);
  } else if (taken) {
    view.tool?.drag(now);
  } else {
    view.panBy(now[0] - before[0], now[1] - before[1]);
  }
  pointers.set(event.pointerId, now);
}

// A tap that does not drag marks the face under it; there a finger never hovers.
function lift(view, event) {
  pointers.delete(event.pointerId);
  if (taken) {
    taken = false;
    if (event.type === "pointerup") view.tool?.release();
    else view.tool?.cancel();
    return;
  }
  const moved = Math.hypot(event.offsetX - pressed?.[0], event.offsetY - pressed?.[1]);
  if (view.photo && !view.tool && event.type === "pointerup" && moved < TAP) view.onPoint(view.faceAt(...place(event)));
}

function key(view, event) {
  if (view.tool?.key(event)) return event.preventDefault();
  const actions = {
    "+": () => view.zoomBy(STEP),
    "=": () => view.zoomBy(STEP),
    "-": () => view.zoomBy(1 / STEP),
    0: () => view.fit(),
    ArrowLeft: () => view.panBy(PAN, 0),
    ArrowRight: () => view.panBy(-PAN, 0),
    ArrowUp: () => view.panBy(0, PAN),
    ArrowDown: () => view.panBy(0, -PAN),
  };
  const isPan = event.key.startsWith("Arrow");
  if (!(event.key in actions) || event.ctrlKey || event.metaKey || (isPan && view.zoom === 1)) return undefined;
  event.preventDefault();
  return actions[event.key]();
}
