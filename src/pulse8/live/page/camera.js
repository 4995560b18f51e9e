// The camera: asked for, shown, and each of its pictures put on a canvas of one size.
export const WIDTH = 640, HEIGHT = 480;

const WHY = { NotFoundError: "noCamera", OverconstrainedError: "noCamera", NotReadableError: "busyCamera", AbortError: "busyCamera" };
const fault = (word) => Object.assign(new Error(word), { word });

export async function openCamera(deviceId) {
  if (!navigator.mediaDevices) throw fault("insecure");
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: false, video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: 30 }, ...which },
    });
  } catch (error) {
    throw fault(WHY[error.name] ?? "refusedCamera");
  }
}

export async function cameras() {
  return (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
}

// Call `picture(canvas, captured)` for each frame that is shown, until it returns false; captured: milliseconds of the
// page's clock. canvas() draws the frame: a picture that is not asked for costs nothing.
export function watchCamera(video, picture) {
  const grab = document.createElement("canvas");
  grab.width = WIDTH;
  grab.height = HEIGHT;
  const pen = grab.getContext("2d", { willReadFrequently: true });
  const draw = () => {
    // The middle of a wide picture, so that a face keeps its shape.
    const scale = Math.max(WIDTH / video.videoWidth, HEIGHT / video.videoHeight);
    const width = WIDTH / scale, height = HEIGHT / scale;
    pen.drawImage(video, (video.videoWidth - width) / 2, (video.videoHeight - height) / 2, width, height, 0, 0, WIDTH, HEIGHT);
    return grab;
  };
  const next = (now, frame) => {
    if (!video.videoWidth || picture(draw, frame.captureTime ?? now)) video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
}
