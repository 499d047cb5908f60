// The camera, or a film, on the stage; the selected photo comes back when it leaves.

import { askForKey, reconnect } from "./connection.js";
import { useThreshold } from "./filter.js";
import { keepFocus } from "./focus.js";
import { addOutcome, beginOutcome } from "./live_outcome.js";
import { live, queue } from "./parts.js";
import { loadPhoto } from "./photo.js";
import { leaveLive, refresh, select, setState, showSelected } from "./stage.js";
import { state } from "./state.js";

const KEPT_QUALITY = 0.95;

export async function startCamera(deviceId) {
  enterLive();
  if (!(await live.startCamera(deviceId))) return;
  $("#camera-tools").prop("hidden", false);
  const cameras = await live.cameras();
  const options = cameras.map((camera) =>
    $("<option>").val(camera.deviceId).text(camera.label).prop("selected", camera.current),
  );
  $("#camera-choice").empty().append(options).prop("hidden", cameras.length < 2);
  $("#mirrored").prop("checked", live.mirrored);
}

export function startVideo(file) {
  enterLive();
  live.startVideo(file);
}

function enterLive() {
  live.stop();
  beginOutcome();
  Object.assign(state, { notice: null, liveWords: null });
  $("#drop, #figure, #error, #found, #camera-tools").prop("hidden", true);
  $("#live").prop("hidden", false);
  $("#fps").text("");
  setState("live", "");
  keepFocus();
}

export function endFilm() {
  leaveLive();
  if (state.selected && !state.photo) select(state.selected);
  else showSelected();
}

export function showLiveFaces(answer) {
  useThreshold(answer);
  state.liveWords = null;
  addOutcome(answer);
  $("#outage, #details").prop("hidden", true);
  refresh();
}

// What was found last is no longer true: it goes.
export function liveTrouble(error) {
  state.liveWords = () => error.text;
  if (error.unreachable) reconnect();
  if (error.unauthorized) askForKey(error);
  refresh();
}

// Adds the present picture to the photos; the film goes on.
export async function keepLivePicture() {
  if (!live.hasPicture) return;
  const kind = live.isCamera ? "camera" : "video";
  const now = new Date();
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, "0"));
  const blob = await live.capture(Infinity, KEPT_QUALITY);
  if (!live.isOn) return; // stopped or cleared meanwhile
  const [item] = queue.add([{ blob, name: `${kind}_${time.join("-")}.jpg` }]);
  Object.assign(state, { selected: item, photo: null });
  const loaded = await loadPhoto(blob);
  if (state.selected === item) state.photo = loaded;
}
