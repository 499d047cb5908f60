// The photo with its boxes on a canvas, in the photo's own proportions and sharp on any screen.

const MOST_HEIGHT = 0.75; // of the window

// Loads a photo upright, as the browser shows it; rejects if the browser cannot.
export async function loadPhoto(blob) {
  const photo = new Image();
  photo.src = URL.createObjectURL(blob);
  try {
    await photo.decode();
  } finally {
    URL.revokeObjectURL(photo.src);
  }
  return photo;
}

// Draws photo and faces as large as the width of the canvas's parent and the window's height allow.
export function paint(canvas, photo, faces) {
  const width = canvas.parentElement.clientWidth;
  const scale = Math.min(width / photo.naturalWidth, (window.innerHeight * MOST_HEIGHT) / photo.naturalHeight);
  const size = { width: photo.naturalWidth * scale, height: photo.naturalHeight * scale };
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(size.width * density));
  canvas.height = Math.max(1, Math.round(size.height * density));
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  context.setTransform(density, 0, 0, density, 0, 0);
  [...faces].reverse().forEach((face) => drawFace(context, face, scale, size)); // the best score on top
}

// Colour is not the only sign: without a mask the line is dashed.
function drawFace(context, face, scale, size) {
  const [x1, y1, x2, y2] = face.box.map((side) => side * scale);
  const masked = face.label === "face_mask";
  const colour = getComputedStyle(document.documentElement).getPropertyValue(masked ? "--masked" : "--unmasked");
  context.lineWidth = 3;
  context.setLineDash([]);
  context.strokeStyle = "rgba(0, 0, 0, 0.55)";
  context.lineWidth = 5;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.lineWidth = 3;
  context.strokeStyle = colour;
  context.setLineDash(masked ? [] : [10, 5]);
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  drawLabel(context, `${face.label} ${face.score.toFixed(2)}`, [x1, y1, y2], colour, size);
}

function drawLabel(context, text, [x1, y1, y2], colour, size) {
  const height = 20;
  context.font = "600 13px system-ui, sans-serif";
  const width = context.measureText(text).width + 10;
  const left = Math.max(0, Math.min(x1 - 1.5, size.width - width));
  let top = y1 - height - 1.5;
  if (top < 0) top = y2 + 1.5 + height <= size.height ? y2 + 1.5 : y1;
  context.fillStyle = "rgba(0, 0, 0, 0.78)";
  context.fillRect(left, top, width, height);
  context.fillStyle = colour;
  context.fillRect(left, top, 4, height);
  context.fillStyle = "#ffffff";
  context.fillText(text, left + 7, top + 14);
}
