// Boxes under a pointer: where they are taken hold of, and what a drag makes of them. All in pixels of the photo.

export const LEAST_SIDE = 2;

// The eight places of a box that a drag resizes: which side follows, horizontally and vertically (-1 the first, 1 the second).
const GRIPS = [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => [x, y])).filter(([x, y]) => x || y);
const MOVE = [0, 0];

const along = (first, second, side) => (side < 0 ? first : side > 0 ? second : (first + second) / 2);

// The places of the grips; a small box has those of its corners only.
export function gripsOf(box, reach) {
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const shown = GRIPS.filter(([x, y]) => (x || width > 4 * reach) && (y || height > 4 * reach));
  return shown.map((grip) => ({ grip, x: along(box[0], box[2], grip[0]), y: along(box[1], box[3], grip[1]) }));
}

const isInside = (box, [x, y]) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];

// The grip of a box at a point, its inside included; null where there is none. Of a small box the middle moves it still.
export function gripAt(box, point, reach) {
  const middle = [0, 1].map((axis) => Math.abs(point[axis] - (box[axis] + box[axis + 2]) / 2) < (box[axis + 2] - box[axis]) / 4);
  if (middle[0] && middle[1]) return MOVE;
  const near = gripsOf(box, reach)
    .map(({ grip, x, y }) => ({ grip, distance: Math.max(Math.abs(x - point[0]), Math.abs(y - point[1])) }))
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance)[0];
  return near?.grip ?? (isInside(box, point) ? MOVE : null);
}

export function cursorOf(grip) {
  if (!grip) return "crosshair";
  const [x, y] = grip;
  if (!x && !y) return "move";
  if (!x) return "ns-resize";
  if (!y) return "ew-resize";
  return x === y ? "nwse-resize" : "nesw-resize";
}

// The smallest face at a point, or null.
export function smallestAt(faces, point) {
  const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
  return faces.filter(({ box }) => isInside(box, point)).sort((a, b) => area(a) - area(b))[0] ?? null;
}

// A box whose grip was dragged by dx and dy, within a photo of this size.
export function dragged(box, grip, [dx, dy], size) {
  const moved = [0, 1].map((axis) => {
    const [first, second, by, most] = [box[axis], box[axis + 2], [dx, dy][axis], size[axis]];
    if (!grip[0] && !grip[1]) {
      const kept = Math.min(Math.max(by, -first), most - second); // moved, it stays whole
      return [first + kept, second + kept];
    }
    if (!grip[axis]) return [first, second];
    return stretched(first, second, grip[axis], by, most);
  });
  return rounded([moved[0][0], moved[1][0], moved[0][1], moved[1][1]]);
}

// One side follows, over the other one too, and stays in the photo.
function stretched(first, second, side, by, most) {
  const fixed = side < 0 ? second : first;
  const free = Math.min(most, Math.max(0, (side < 0 ? first : second) + by));
  const [low, high] = [Math.min(fixed, free), Math.max(fixed, free)];
  if (high - low >= LEAST_SIDE) return [low, high];
  return low + LEAST_SIDE <= most ? [low, low + LEAST_SIDE] : [most - LEAST_SIDE, most];
}

// A box between two corners, within a photo of this size.
export function between(start, end, size) {
  const [xs, ys] = [0, 1].map((axis) => [start[axis], end[axis]].map((value) => Math.min(size[axis], Math.max(0, value))).sort((a, b) => a - b));
  return rounded([xs[0], ys[0], xs[1], ys[1]]);
}

const rounded = (box) => box.map((value) => Math.round(value * 100) / 100);
