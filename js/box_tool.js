// Boxes on the photo by hand: pointers and keys move, resize, draw and delete them. What they come to goes to its owner.

import { between, cursorOf, dragged, gripAt, gripsOf, LEAST_SIDE, smallestAt } from "./grips.js";

const REACH = { mouse: 9, pen: 12, touch: 22 }; // CSS pixels around a grip
const SLIP = 4; // CSS pixels of a drag that is none yet
const STEP = 2; // CSS pixels that an arrow key moves: the more the photo is zoomed, the finer
const SMALL = 48; // CSS pixels of a box's side
const SHARE = 4; // a box that a key makes is a so many-th of what is in sight
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class BoxTool {
  // The owner has faces, candidates and selected, and does what is asked: select(face), put(box, kind), draw(box), remove(),
  // label(number), adopt(), step(places), next(), undo(), redo(), leave().
  constructor(view, owner) {
    Object.assign(this, { view, owner, dragging: null, armed: false, pointer: "mouse" });
  }

  get size() {
    return [this.view.photo.naturalWidth, this.view.photo.naturalHeight];
  }

  // CSS pixels in pixels of the photo.
  px(length) {
    return length / this.view.layout().scale;
  }

  // The next drag draws, wherever it begins.
  arm() {
    this.armed = true;
  }

  press(point, { pointerType, shiftKey }) {
    this.pointer = pointerType in REACH ? pointerType : "mouse";
    const from = this.view.toPhoto(...point);
    const { owner } = this;
    const reach = this.px(REACH[this.pointer]);
    let grip = null;
    if (!this.armed && !shiftKey) {
      grip = owner.selected && gripAt(owner.selected.box, from, reach);
      const under = grip ? null : smallestAt([...owner.faces, ...owner.candidates], from);
      if (under) {
        owner.select(under);
        grip = [0, 0];
      }
    }
    this.dragging = { from, grip, face: grip ? owner.selected : null, box: null };
    return true;
  }

  drag(point) {
    const { dragging } = this;
    if (!dragging) return;
    const to = this.view.toPhoto(...point);
    const by = [to[0] - dragging.from[0], to[1] - dragging.from[1]];
    if (!dragging.box && Math.hypot(...by) < this.px(SLIP)) return;
    dragging.box = dragging.face ? dragged(dragging.face.box, dragging.grip, by, this.size) : between(dragging.from, to, this.size);
    this.view.paint();
  }

  release() {
    const { dragging, owner } = this;
    this.dragging = null;
    this.armed = false;
    if (!dragging) return;
    if (!dragging.box) {
      if (!dragging.face) owner.select(null);
    } else if (dragging.face) {
      owner.put(dragging.box);
    } else if (Math.min(dragging.box[2] - dragging.box[0], dragging.box[3] - dragging.box[1]) >= LEAST_SIDE) {
      owner.draw(dragging.box);
    }
    this.view.paint();
  }

  cancel() {
    this.dragging = null;
    this.view.paint();
  }

  hover(point) {
    if (!this.view.photo) return;
    const at = this.view.toPhoto(...point);
    const { owner } = this;
    const grip = owner.selected && gripAt(owner.selected.box, at, this.px(REACH.mouse));
    const over = !this.armed && (grip || (smallestAt([...owner.faces, ...owner.candidates], at) && [0, 0]));
    this.view.canvas.style.cursor = cursorOf(over || null);
  }

  // A box of the usual size in the middle of what is in sight, for who has no pointer.
  drawInMiddle() {
    const { size, scale } = this.view.layout();
    const middle = this.view.toPhoto(size.width / 2, size.height / 2);
    const half = Math.min(size.width, size.height) / scale / SHARE / 2;
    this.owner.draw(between([middle[0] - half, middle[1] - half], [middle[0] + half, middle[1] + half], this.size));
  }

  // Returns whether the key was this tool's.
  key(event) {
    const { owner } = this;
    if (event.ctrlKey || event.metaKey) return this.undoKey(event);
    if (event.altKey) return false;
    if (event.key in ARROWS) return this.arrow(event);
    if (/^[1-9]$/.test(event.key)) return owner.label(Number(event.key) - 1);
    const actions = {
      Delete: () => owner.remove(),
      Backspace: () => owner.remove(),
      Enter: () => (owner.candidates.includes(owner.selected) ? owner.adopt() : owner.next()),
      " ": () => owner.step(event.shiftKey ? -1 : 1),
      a: () => this.drawInMiddle(),
      Escape: () => this.escape(),
    };
    if (!(event.key in actions)) return false;
    event.stopPropagation(); // Delete would remove the photo
    actions[event.key]();
    return true;
  }

  // First from a drag, then from the box, then from the mode.
  escape() {
    if (this.dragging) this.cancel();
    else if (this.owner.selected) this.owner.select(null);
    else this.owner.leave();
  }

  undoKey({ key, shiftKey }) {
    const { owner } = this;
    if (key.toLowerCase() === "y" || (key.toLowerCase() === "z" && shiftKey)) owner.redo();
    else if (key.toLowerCase() === "z") owner.undo();
    else return false;
    return true;
  }

  // Moves the selected box; with Shift its lower right corner.
  arrow({ key, shiftKey }) {
    const { selected } = this.owner;
    if (!selected) return false;
    const by = ARROWS[key].map((part) => part * this.px(STEP));
    this.owner.put(dragged(selected.box, shiftKey ? [1, 1] : [0, 0], by, this.size), shiftKey ? "resize" : "move");
    return true;
  }

  // Candidates as dotted lines, grips around the selected box, and what is being drawn.
  paint(context, place) {
    const { owner, dragging } = this;
    owner.candidates.forEach((face) => this.outline(context, place, face.box, { dash: [2, 4], sign: "?" }));
    if (dragging?.box) return this.outline(context, place, dragging.box, { dash: [6, 4] });
    if (!owner.selected) return undefined;
    this.outline(context, place, owner.selected.box, { dash: [] });
    return this.paintGrips(context, place, owner.selected.box);
  }

  outline(context, place, box, { dash, sign = "" }) {
    const [[x1, y1], [x2, y2]] = [place(box[0], box[1]), place(box[2], box[3])];
    const strokes = [
      { colour: "rgba(0, 0, 0, 0.55)", width: 3, line: [] },
      { colour: "#ffffff", width: 1.5, line: dash },
    ];
    for (const { colour, width, line } of strokes) {
      context.setLineDash(line);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    context.setLineDash([]);
    context.fillStyle = "#ffffff";
    if (sign) context.fillText(sign, x1 + 3, y1 + 14);
  }

  paintGrips(context, place, box) {
    const isSmall = Math.min(box[2] - box[0], box[3] - box[1]) < this.px(SMALL);
    const [side, out] = isSmall ? [5, 4] : [8, 0]; // around a small face, not on it
    Object.assign(context, { fillStyle: "#ffffff", strokeStyle: "#000000", lineWidth: 1 });
    for (const { grip, x: px, y: py } of gripsOf(box, this.px(REACH[this.pointer]))) {
      const [x, y] = place(px, py).map((value, axis) => value + grip[axis] * out - side / 2);
      context.fillRect(x, y, side, side);
      context.strokeRect(x, y, side, side);
    }
  }
}
