// Photos and their boxes as a data set: Pascal VOC, YOLO or COCO, as `--save-labels` of the shell command writes them.

const VOC_SIDES = ["xmin", "ymin", "xmax", "ymax"];
const encoder = new TextEncoder();
const lines = (texts) => texts.map((text) => `${text}\n`).join("");
const round = (value) => Math.round(value * 100) / 100;
const stemOf = ({ name }) => name.replace(/\.[^.]*$/, "");

// For each format: the folder of the photos, the files of one photo, and those of the whole set; files as { path: text }.
// A photo is { name, width, height, faces, checked }.
const FORMATS = {
  voc: {
    images: "JPEGImages",
    filesOf: (photo) => ({ [`Annotations/${stemOf(photo)}.xml`]: annotation(photo) }),
    index: (photos, labels) => ({
      "label_list.txt": lines(labels),
      "labelmap.txt": lines(["# label:color_rgb:parts:actions", ...labels.map((label) => `${label}:::`)]),
      "ImageSets/Main/default.txt": lines(photos.map(stemOf)),
    }),
  },
  yolo: {
    images: "images",
    filesOf: (photo) => ({ [`labels/${stemOf(photo)}.txt`]: lines(photo.faces.map((face) => shares(photo, face))) }),
    index: (photos, labels) => ({
      "data.yaml": `path: ./\ntrain: train.txt\nnames:\n${lines(labels.map((label, number) => `  ${number}: ${JSON.stringify(label)}`))}`,
      "train.txt": lines(photos.map(({ name }) => `images/${name}`)),
      "classes.txt": lines(labels),
    }),
  },
  coco: {
    images: "images",
    filesOf: () => ({}),
    index: (photos, labels) => ({ "annotations/instances_default.json": `${JSON.stringify(coco(photos, labels))}\n` }),
  },
};

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// verified is labelImg's word for a photo that somebody has checked. What other tools said of a box is kept.
function annotation({ name, width, height, faces, checked }) {
  const objects = faces.map(({ label, box, attributes = {} }) => {
    const sides = VOC_SIDES.map((side, index) => `      <${side}>${round(box[index])}</${side}>\n`).join("");
    const states = Object.entries({ truncated: "0", difficult: "0", ...attributes }).map(([key, value]) => `    <${key}>${escaped(value)}</${key}>\n`);
    return `  <object>\n    <name>${escaped(label)}</name>\n${states.join("")}    <bndbox>\n${sides}    </bndbox>\n  </object>\n`;
  });
  const size = `  <size>\n    <width>${width}</width>\n    <height>${height}</height>\n    <depth>3</depth>\n  </size>\n`;
  const head = `  <folder>JPEGImages</folder>\n  <filename>${escaped(name)}</filename>\n`;
  return `<annotation verified="${checked ? "yes" : "no"}">\n${head}${size}  <segmented>0</segmented>\n${objects.join("")}</annotation>\n`;
}

function shares({ width, height }, { class_id, box: [x1, y1, x2, y2] }) {
  const parts = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
  return [class_id, ...parts.map((part) => part.toFixed(6))].join(" ");
}

function coco(photos, labels) {
  const boxes = photos.flatMap(({ faces }, index) => faces.map((face) => ({ ...face, image: index + 1 })));
  return {
    categories: labels.map((name, index) => ({ id: index + 1, name })),
    images: photos.map(({ name, width, height }, index) => ({ id: index + 1, file_name: name, width, height })),
    annotations: boxes.map(({ image, class_id, box: [x1, y1, x2, y2] }, index) => {
      const [width, height] = [round(x2 - x1), round(y2 - y1)];
      const bbox = [round(x1), round(y1), width, height];
      return { id: index + 1, image_id: image, category_id: class_id + 1, bbox, area: round(width * height), iscrowd: 0 };
    }),
  };
}

// A stem of at most 100 characters and 200 bytes: file systems take 255 bytes of a name.
function shortened(stem) {
  const signs = [...stem].slice(0, 100);
  while (encoder.encode(signs.join("")).length > 200) signs.pop();
  return signs.join("");
}

// A name for a photo that every reader of data sets takes; taken has the stems of the others, in lower case.
export function photoName(name, suffix, taken) {
  const last = name.replaceAll("\\", "/").split("/").at(-1).replace(/(.)\.[^.]*$/, "$1");
  // eslint-disable-next-line no-control-regex -- they are what is meant
  const cleaned = shortened(last.replace(/[\s:*?"<>|\u0000-\u001f\u007f\u0085\ufffe\uffff]+/g, "_").replace(/^[._-]+|[._-]+$/g, "")) || "photo";
  let stem = cleaned;
  for (let number = 2; taken.has(stem.toLowerCase()); number += 1) stem = `${cleaned}_${number}`;
  taken.add(stem.toLowerCase());
  return stem + suffix;
}

// The files of a data set: [{ name, blob }]. photos: { name, blob, width, height, faces }, labels: the model's.
export function filesOf(format, photos, labels) {
  const { images, filesOf: ofOne, index } = FORMATS[format];
  const texts = { ...Object.assign({}, ...photos.map(ofOne)), ...index(photos, labels) };
  const pictures = photos.map(({ name, blob }) => ({ name: `${images}/${name}`, blob }));
  return [...pictures, ...Object.entries(texts).map(([name, text]) => ({ name, blob: new Blob([text]) }))];
}
