// Pictures to a worker of this page; its answers as messages.
import { Pulse8Worker } from "../pulse8/worker.js";

let loading = Pulse8Worker.load();  // before it is asked for: nothing is requested any more once the page is there

loading.catch(() => {});  // said where it is opened

// One worker serves all links, one after the other.
export async function open({ face }, { onMessage, onEnd }) {
  const worker = await ready(face).catch(() => {
    loading = Pulse8Worker.load();  // the one before has ended, or never came
    return ready(face);
  });
  const { window_s } = worker.facts;
  let closed = false, inSight = [];
  const tell = (t_s, { seen, reading, cost_ms }) => {
    inSight.push([t_s, seen.reasons.includes(null) && seen.rois.length > 0]);
    inSight = inSight.filter(([at_s]) => at_s > t_s - window_s && at_s <= t_s);
    const other_faces = Math.max(0, seen.faces - (seen.rois.length ? 1 : 0));
    onMessage({ kind: "frame", t_s, rois: seen.rois, reasons: seen.reasons, other_faces, face: seen.face, cost_ms });
    if (reading) onMessage(readingMessage(reading, t_s, inSight));
  };
  return {
    push(canvas, seconds) {
      const picture = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      worker.push(picture, 1000 * seconds).then((answer) => closed || tell(seconds, answer), (error) => {
        if (closed) return;
        if (error instanceof RangeError || error instanceof TypeError) onMessage({ kind: "error", text: error.message });
        else onEnd("lostWorker", error.message);
      });
    },
    close() {
      closed = true;
    },
  };
}

async function ready(face) {
  const worker = await loading;
  await worker.choose(face ?? "largest");
  return worker;
}

// The rate that is shown may stand from before; of the window that ends now, a face that is away says that there is none.
function readingMessage({ wave, provisional, ...shown }, t_s, inSight) {
  const here = inSight.at(-1)[1];
  const seconds = provisional && wave.samples.length ? wave.samples.length / wave.rate_hz : t_s - inSight[0][0];
  return {
    kind: "reading", start_s: t_s - seconds, end_s: t_s, bpm: here ? shown.bpm : null,
    reason: here ? shown.reason : (shown.reason ?? "no face"), confidence: shown.confidence, provisional,
    resolution_bpm: 60 / Math.max(seconds, 1 / wave.rate_hz), shown: { at_s: t_s, ...shown },
    coverage: inSight.filter(([, seen]) => seen).length / inSight.length,
    wave: wave.samples, wave_rate_hz: wave.rate_hz, spectrum: wave.spectrum, spectrum_bpm: wave.spectrum_bpm,
  };
}
