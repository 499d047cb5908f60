// Moving pictures: the camera, or a video file, with the boxes on them. One request is in flight; its answer is followed
// by the newest picture, and what came in between is skipped.

import { detect, pause } from "./api.js";
import { listCameras, openCamera } from "./camera.js";
import { t } from "./i18n.js";
import { paintLive } from "./live_picture.js";
import { rescale, scaledJpeg } from "./photo.js";

const LONGEST_SIDE = 640; // px sent
const QUALITY = 0.8;
const FPS_OVER = 10; // answers
const PAUSE_AFTER_FAILURE = 1000; // ms

export class Live {
  constructor(base) {
    this.base = base;
    this.onFaces = () => {}; // hears of each answer
    this.onError = () => {}; // hears the words of what keeps the source from playing
    this.onTrouble = () => {}; // hears of each request that failed
    this.onPause = this.onStop = () => {};
    this.filter = (results) => results; // gives the faces to draw
    this.counting = (results) => results; // gives those that count, shown or not
    this.overlay = () => {}; // draws something more: gets the context, and what gives a pixel's place
    this.video = $("#live-video")[0];
    this.canvas = $("#live-canvas")[0];
    this.stream = this.abort = null;
    this.answer = this.picture = null; // what was found, and on which picture
    this.session = 0; // of two starts in a row, only the last one counts
    $(this.video).on("error", () => this.video.currentSrc && this.abort && this.fail("videoFailed"));
    $(this.video)
      .on("seeked loadeddata", () => this.wake?.())
      .on("seeking", () => this.forget())
      .on("pause", () => this.onPause());
    $(document).on("visibilitychange", () => this.wake?.());
    $(window).on("resize", () => this.paint());
  }

  get hasPicture() {
    return this.video.readyState >= 2;
  }

  // Whether a film is on.
  get isOn() {
    return this.abort !== null;
  }

  get isCamera() {
    return this.stream !== null;
  }

  // Resolves to whether the camera is on.
  async startCamera(deviceId) {
    this.stop();
    const session = this.session;
    const { stream, reason } = await openCamera(deviceId);
    if (session !== this.session) {
      stream?.getTracks().forEach((track) => track.stop()); // meanwhile something else was chosen
      return false;
    }
    if (!stream) {
      this.fail(reason, { host: window.location.host });
      return false;
    }
    this.stream = stream;
    const [track] = this.stream.getVideoTracks();
    track.addEventListener("ended", () => this.fail("cameraBusy"));
    this.setMirrored(this.wish ?? track.getSettings().facingMode !== "environment");
    this.video.srcObject = this.stream;
    this.video.controls = false;
    await this.play();
    return true;
  }

  startVideo(file) {
    this.stop();
    this.setMirrored(false);
    this.url = URL.createObjectURL(file);
    this.video.src = this.url;
    this.video.controls = true;
    return this.play();
  }

  // The cameras to choose from, and the one in use.
  cameras() {
    return listCameras(this.stream);
  }

  // What the visitor wishes holds for the next camera too.
  wishMirrored(mirrored) {
    this.wish = mirrored;
    this.setMirrored(mirrored);
  }

  setMirrored(mirrored) {
    this.mirrored = mirrored;
    $(this.video).toggleClass("mirrored", mirrored);
    this.paint();
  }

  async play() {
    this.abort = new AbortController();
    this.run(this.abort.signal);
    await this.video.play().catch(() => {}); // a video may wait for its play button
  }

  stop() {
    this.session += 1;
    this.onStop();
    this.abort?.abort();
    this.abort = null;
    this.wake?.();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.pause();
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.forget();
  }

  fail(key, values) {
    this.stop();
    this.onError(() => t(key, values));
  }

  async run(signal) {
    const times = [];
    let shown = null;
    while (!signal.aborted) {
      const moment = this.stream ? performance.now() : this.video.currentTime;
      if (document.hidden || !this.hasPicture || moment === shown) {
        await this.sleep(signal);
        continue;
      }
      shown = moment;
      const picture = await createImageBitmap(this.video).catch(() => null);
      if (!picture) continue;
      try {
        const { answer } = await detect(this.base, await this.frame(picture), { signal });
        if (signal.aborted) return;
        times.push(performance.now());
        this.fps = times.length > 1 ? ((times.length - 1) * 1000) / (times.at(-1) - times[0]) : 0;
        if (times.length > FPS_OVER) times.shift();
        this.answer = rescale(answer, this.video.videoWidth, this.video.videoHeight);
        this.showPicture(picture);
        this.onFaces(this.answer);
        this.paint();
      } catch (error) {
        if (signal.aborted) return;
        this.forget();
        this.onTrouble(error);
        await pause(PAUSE_AFTER_FAILURE, signal);
      }
    }
  }

  // Until the next picture, a seek, or the tab's return.
  sleep(signal) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, document.hidden ? 1000 : 30);
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.wake = wake;
      signal.addEventListener("abort", wake);
    });
  }

  // A picture as a small JPEG.
  frame(picture) {
    const { width, height } = picture;
    return scaledJpeg(picture, width, height, LONGEST_SIDE / Math.max(width, height), QUALITY);
  }

  // Boxes are drawn on the picture that they belong to, which lies over the film.
  showPicture(picture) {
    this.picture?.close();
    this.picture = picture;
  }

  // What was found is no longer true.
  forget() {
    this.answer = null;
    this.showPicture(null);
    this.paint();
  }

  capture(longest, quality) {
    const { videoWidth, videoHeight } = this.video;
    return scaledJpeg(this.video, videoWidth, videoHeight, longest / Math.max(videoWidth, videoHeight), quality);
  }

  paint() {
    paintLive(this);
  }
}
