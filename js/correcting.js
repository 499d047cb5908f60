// The mode in which the visitor corrects boxes and labels on the selected photo.

import { BoxTool } from "./box_tool.js";
import { nameCanvas, showPanel } from "./correcting_panel.js";
import { candidatesOf, check, correct, doubtOf, facesOf, isChecked, mostDoubtful, redo, takeBack, undo } from "./corrections.js";
import { t } from "./i18n.js";
import { notify } from "./notices.js";
import { queue, view } from "./parts.js";
import { state } from "./state.js";

// What it tells: a photo's boxes have changed; another photo is wanted; a face is pointed out; the mode begins or ends.
const hears = { onChange: () => {}, onSelect: () => {}, onMark: () => {}, onSwitch: () => {} };

const WORTH_A_LOOK = 64; // CSS pixels of a doubtful face
const MOST_ZOOM = 4;
const [USUAL_ORDER, DOUBT] = ["added", "doubt"]; // of the strip

const mode = {
  on: false,
  item: null, // whose boxes the rest is about
  faces: [],
  candidates: [], // faces that the detector is not sure enough of
  selected: null, // one of either
  dismissed: new Set(), // candidates that are none
  label: 0, // of what is drawn next
  reordered: false, // the strip, by this mode
};

export const isCorrecting = () => mode.on;

// The photo on the stage, or its faces, may be others now.
export function refreshCorrecting() {
  const { selected: item, photo } = state;
  const ready = item?.state === "done" && Boolean(photo);
  $("#correct").prop("disabled", !ready).attr("aria-pressed", String(mode.on));
  $("#correcting").prop("hidden", !mode.on || !ready);
  view.tool = mode.on && ready ? tool : null;
  if (!mode.on || !ready) return;
  const isNew = item !== mode.item;
  const before = mode.selected;
  mode.item = item;
  mode.faces = facesOf(item);
  mode.candidates = candidatesOf(item, mode.faces).filter((face) => !mode.dismissed.has(face));
  const all = [...mode.faces, ...mode.candidates];
  if (isNew) mode.selected = isChecked(item) ? null : mostDoubtful(all);
  else mode.selected = all.find((face) => face === before) ?? all.find((face) => sameBox(face, before)) ?? null;
  showPanel(mode);
  view.paint();
  if (isNew && mode.selected) view.approach(mode.selected, WORTH_A_LOOK, MOST_ZOOM);
  if (isNew) $("#correcting")[0].scrollIntoView({ block: "start" }); // the photo before may have been of another height
}

const sameBox = (face, other) => Boolean(other) && face.box.every((value, index) => value === other.box[index]);

// Takes new faces; the one that is selected then is one of them, or none.
function take(faces, selected, kind = null) {
  correct(mode.item, faces, kind);
  mode.selected = selected;
  hears.onChange(mode.item);
}

// The selected face, changed; a candidate becomes a face so.
function change(changes, kind) {
  const { faces, selected } = mode;
  const changed = { ...selected, ...changes, score: null };
  take(faces.includes(selected) ? faces.map((face) => (face === selected ? changed : face)) : [...faces, changed], changed, kind);
}

const owner = {
  get faces() {
    return mode.faces;
  },
  get candidates() {
    return mode.candidates;
  },
  get selected() {
    return mode.selected;
  },
  select(face) {
    mode.selected = face;
    refreshCorrecting();
    hears.onMark(face);
  },
  put(box, kind = null) {
    change({ box }, kind);
  },
  draw(box) {
    const number = Math.min(mode.label, mode.item.answer.model.labels.length - 1);
    const face = { label: mode.item.answer.model.labels[number], class_id: number, box, score: null };
    take([...mode.faces, face], face);
  },
  remove() {
    const { faces, candidates, selected } = mode;
    if (candidates.includes(selected)) {
      mode.dismissed.add(selected);
      mode.selected = null;
      refreshCorrecting();
    } else if (selected) {
      const at = faces.indexOf(selected);
      const left = faces.filter((face) => face !== selected);
      take(left, left[Math.min(at, left.length - 1)] ?? null);
    }
  },
  // The label of the selected box, and of those that are drawn from now on. Returns whether there is such a label.
  label(number) {
    const { labels } = mode.item.answer.model;
    if (number >= labels.length) return false;
    mode.label = number;
    if (mode.selected) change({ label: labels[number], class_id: number });
    else refreshCorrecting();
    return true;
  },
  adopt() {
    if (mode.selected) change({});
  },
  step(places) {
    const all = [...mode.faces, ...mode.candidates];
    if (all.length) this.select(all[(all.indexOf(mode.selected) + places + all.length) % all.length] ?? all[0]);
  },
  // The photo is right as it is; the most doubtful of the others is next.
  next() {
    check(mode.item);
    mode.selected = null;
    hears.onChange(mode.item);
    const others = queue.done.filter((other) => !isChecked(other)).sort((a, b) => doubtOf(b) - doubtOf(a));
    if (others.length) hears.onSelect(others[0]);
    else notify(() => t("correctAll"));
  },
  undo() {
    undo(mode.item);
    hears.onChange(mode.item);
  },
  redo() {
    redo(mode.item);
    hears.onChange(mode.item);
  },
  leave() {
    switchCorrecting(false);
  },
};

const tool = new BoxTool(view, owner);

export const selectFace = (face) => mode.on && face && owner.select(face);
export const removeFace = () => owner.remove();

// The strip offers the doubtful photos first meanwhile, unless another order has been chosen.
function orderByDoubt(on) {
  const order = $("#order");
  if (on) mode.reordered = order.val() === USUAL_ORDER;
  if (!mode.reordered || (!on && order.val() !== DOUBT)) return;
  order.val(on ? DOUBT : USUAL_ORDER).trigger("change");
}

function switchCorrecting(on) {
  Object.assign(mode, { on, item: null, selected: null });
  orderByDoubt(on);
  view.canvas.style.cursor = "";
  nameCanvas(on);
  refreshCorrecting();
  hears.onSwitch(); // classes that are hidden elsewhere are shown in the mode
  if (on) view.canvas.focus({ preventScroll: true });
}

export function listenForCorrecting(listeners) {
  Object.assign(hears, listeners);
  const then = (act) => () => {
    act();
    view.canvas.focus({ preventScroll: true }); // the keys go on from there
  };
  $("#correct").on("click", () => switchCorrecting(!mode.on));
  $("#correct-labels").on("click", "button", ({ currentTarget }) => then(() => owner.label($(currentTarget).data("number")))());
  $("#correct-draw").on("click", ({ detail }) => then(() => (detail ? tool.arm() : tool.drawInMiddle()))()); // 0: by a key
  $("#correct-remove").on("click", then(() => owner.remove()));
  $("#correct-adopt").on("click", then(() => owner.adopt()));
  $("#correct-undo").on("click", then(() => owner.undo()));
  $("#correct-redo").on("click", then(() => owner.redo()));
  $("#correct-back").on("click", then(() => {
    takeBack(mode.item);
    hears.onChange(mode.item);
  }));
  $("#correct-next").on("click", then(() => owner.next()));
  $("#correct-end").on("click", () => switchCorrecting(false));
}
