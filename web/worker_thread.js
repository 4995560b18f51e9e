// Inside the worker: one question, one answer. A reading comes with its wave where it says something new, or once a second.
import { Pulse8 } from "./pulse8.js";

const EVERY_MS = 1000;
let pulse = null, told = { number: 0, reason: null, timeMs: -Infinity };

async function answered({ wasm, reset, face, picture, timeMs }) {
  if (wasm) {
    pulse = await Pulse8.load(wasm);
    return pulse.facts;
  }
  if (reset || face !== undefined) {
    told = { ...told, timeMs: -Infinity };
    return reset ? pulse.reset() : pulse.choose(face);
  }
  const began = performance.now(), seen = pulse.push(picture, timeMs);
  return { seen, reading: news(timeMs), cost_ms: performance.now() - began };
}

function news(timeMs) {
  const reading = pulse.reading(), { number, reason } = reading;
  if (number === told.number && reason === told.reason && Math.abs(timeMs - told.timeMs) < EVERY_MS) return null;
  told = { number, reason, timeMs };
  return { ...reading, wave: pulse.wave() };
}

let before = Promise.resolve();
onmessage = ({ data }) => {
  before = before.then(() => answered(data)).then((answer) => postMessage({ answer }), ({ message }) => postMessage({ fault: message }));
};
