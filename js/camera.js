// The browser's cameras.

const WIDTH = 1280; // px asked for

// Resolves to { stream }, or to { reason }, the key of the words that say why there is none.
export async function openCamera(deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) return { reason: "cameraInsecure" };
  try {
    const video = deviceId ? { deviceId: { exact: deviceId } } : { width: { ideal: WIDTH } };
    return { stream: await navigator.mediaDevices.getUserMedia({ video, audio: false }) };
  } catch (error) {
    if (["NotAllowedError", "SecurityError"].includes(error.name)) return { reason: "cameraDenied" };
    return { reason: ["NotFoundError", "OverconstrainedError"].includes(error.name) ? "cameraNone" : "cameraBusy" };
  }
}

// { deviceId, label, current } of each camera; names are known once one was allowed.
export async function listCameras(stream) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const current = stream?.getVideoTracks()[0].getSettings().deviceId;
  return devices
    .filter(({ kind }) => kind === "videoinput")
    .map(({ deviceId, label }, index) => ({ deviceId, label: label || `${index + 1}`, current: deviceId === current }));
}
