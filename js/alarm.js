// An alarm for a face without a mask: visible, in a list with time and picture, and with a sound if that is switched on.

import { isBad } from "./labels.js";

const IN_A_ROW = 2; // answers that agree: a single one may be wrong
const REST_MS = 3000; // without such a face, before there is an alarm again
const MOST = 50; // listed
const TONE = { hertz: 880, seconds: 0.25, volume: 0.2 };

let agreed = 0;
let lastBad = -Infinity;

export const clearAlarms = () => {
  agreed = 0;
  lastBad = -Infinity;
  drop($("#alarms li"));
  $(".film").removeClass("alarm");
};

// Hears of the faces of each picture; capture() resolves to the picture (a Blob).
export async function watch(faces, capture) {
  if (!$("#alarm").prop("checked")) return $(".film").removeClass("alarm");
  const bad = faces.some(isBad);
  agreed = bad ? agreed + 1 : 0;
  $(".film").toggleClass("alarm", agreed >= IN_A_ROW);
  const now = performance.now();
  const isNew = agreed === IN_A_ROW && now - lastBad > REST_MS;
  if (agreed >= IN_A_ROW) lastBad = now;
  if (!isNew) return undefined;
  if ($("#alarm-sound").prop("checked")) beep();
  return list(await capture());
}

function list(picture) {
  const time = new Date();
  const url = URL.createObjectURL(picture);
  const name = `alarm_${time.toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
  const link = $("<a>").attr({ href: url, download: name }).append($("<img>").attr({ src: url, alt: "" }), $("<span>").text(time.toLocaleTimeString()));
  $("#alarms").prepend($("<li>").append(link));
  drop($("#alarms li").slice(MOST));
}

function drop(entries) {
  entries.find("a").each((_, link) => URL.revokeObjectURL(link.href));
  entries.remove();
}

function beep() {
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: TONE.hertz });
  tone.connect(new GainNode(audio, { gain: TONE.volume })).connect(audio.destination);
  tone.onended = () => audio.close();
  tone.start();
  tone.stop(audio.currentTime + TONE.seconds);
}
