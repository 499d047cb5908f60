// The film with its boxes, saved as WebM by the browser.

import { save } from "./exports.js";

const PICTURES_A_SECOND = 25;

let recorder = null;

export const isRecording = () => recorder?.state === "recording";

// Begins, or ends and saves; onChange(recording) hears of both. Returns whether this browser can.
export function toggleRecording(canvas, onChange) {
  if (isRecording()) {
    stopRecording();
    return true;
  }
  if (!window.MediaRecorder || !canvas.captureStream) return false;
  const chunks = [];
  recorder = new MediaRecorder(canvas.captureStream(PICTURES_A_SECOND), { mimeType: "video/webm" });
  recorder.ondataavailable = ({ data }) => chunks.push(data);
  recorder.onstop = () => {
    save(new Blob(chunks, { type: "video/webm" }), "faces.webm");
    onChange(false);
  };
  recorder.start(1000);
  onChange(true);
  return true;
}

export function stopRecording() {
  if (isRecording()) recorder.stop();
}
