// Camera frames out, readings in. Few frames are on the way at once, so that a slow machine shows fewer, not later ones.
import { drawSpectrum, drawTrend, drawWave } from "./plots.js";
import { WORDS } from "./words.js";

const WIDTH = 640, HEIGHT = 480, QUALITY = 0.92, MOST_ON_THE_WAY = 3, MOST_READINGS = 7200, SPEAK_EVERY_S = 10, SHOW_FAULT_MS = 8000;
const find = (id) => document.getElementById(id);
const state = {
  language: navigator.language.startsWith("zh") ? "zh-Hant" : "en",
  running: false, paused: false, socket: null, stream: null, sent: new Map(), lastSent: -Infinity, sending: Promise.resolve(), reading: null, seen: null,
  face: null, readings: [], costs: [], delays: [], spokenAt: -Infinity, frames: 0, faultAt: Infinity,
};
window.pulse8 = state;

const word = (key, values = {}) => WORDS[state.language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window: not remembered */ } };
const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };

function speakTo(language) {
  state.language = language;
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  find("face").setAttribute("aria-label", word("face"));
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", word(node.dataset.label));
  find("language").textContent = word("language");
  find("language").lang = language === "en" ? "zh-Hant" : "en";
  find("pause").textContent = word(state.paused ? "resume" : "pause");
  show();
}

function fault(text) {
  state.faultAt = text ? performance.now() : Infinity;
  find("fault").textContent = text;
  find("fault").hidden = !text;
}

async function start() {
  fault("");
  if (!navigator.mediaDevices) return fault(word("insecure"));
  try {
    state.stream = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: 30 }, facingMode: "user" },
    });
  } catch (error) {
    const why = { NotFoundError: "noCamera", OverconstrainedError: "noCamera", NotReadableError: "busyCamera" };
    return fault(word(why[error.name] ?? "refusedCamera"));
  }
  find("video").srcObject = state.stream;
  await find("video").play();
  connect();
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams(location.search);
  if (state.face) query.set("face", state.face);  // until one is chosen here, the server's own choice stands
  const socket = new WebSocket(`${scheme}://${location.host}/frames?${query}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    state.sent.clear();  // what was taken while no socket was open never went
    const already = state.running;
    state.running = true;
    if (!already) watchCamera();
    find("curtain").hidden = true;
    buttons();
    show();
  };
  socket.onmessage = (event) => { if (socket === state.socket) take(JSON.parse(event.data)); };
  socket.onclose = (event) => { if (socket === state.socket) stop(word("lostServer", { reason: event.reason || event.code })); };
  state.socket = socket;
  state.sent.clear();
  state.lastSent = -Infinity;
}

function choose() {
  state.face = find("face").value;
  if (!state.running) return;
  const before = state.socket;
  state.reading = state.seen = null;
  connect();
  before.close();
  show();
}

function stop(text) {
  state.running = false;
  state.stream?.getTracks().forEach((track) => track.stop());
  find("curtain").hidden = false;
  fault(text);
  buttons();
}

function buttons() {
  find("pause").disabled = !state.running;
  find("save-csv").disabled = find("save-json").disabled = !state.readings.length;
}

const grab = document.createElement("canvas");
grab.width = WIDTH;
grab.height = HEIGHT;

function watchCamera() {
  const video = find("video");
  const pen = grab.getContext("2d", { willReadFrequently: true });
  const next = (now, frame) => {
    if (!state.running) return;
    video.requestVideoFrameCallback(next);
    if (state.paused || state.sent.size >= MOST_ON_THE_WAY || document.hidden) return;
    const captured = frame.captureTime ?? now;
    if (captured <= state.lastSent) return;  // the same picture shown again
    state.lastSent = captured;
    // The middle of a wide picture, so that a face keeps its shape.
    const scale = Math.max(WIDTH / video.videoWidth, HEIGHT / video.videoHeight);
    const width = WIDTH / scale, height = HEIGHT / scale;
    pen.drawImage(video, (video.videoWidth - width) / 2, (video.videoHeight - height) / 2, width, height, 0, 0, WIDTH, HEIGHT);
    state.sent.set(captured / 1000, performance.now() - Math.max(0, performance.now() - captured));
    const jpeg = new Promise((done) => grab.toBlob(done, "image/jpeg", QUALITY));
    state.sending = state.sending.then(async () => send(captured / 1000, await jpeg));  // in the order of capture
  };
  video.requestVideoFrameCallback(next);
}

async function send(seconds, jpeg) {
  const message = new Uint8Array(8 + jpeg.size);
  new DataView(message.buffer).setFloat64(0, seconds, true);
  message.set(new Uint8Array(await jpeg.arrayBuffer()), 8);
  if (state.socket.readyState === WebSocket.OPEN) state.socket.send(message);
}

function take(message) {
  if (message.kind === "error") {
    state.sent.clear();
    return fault(word("server", message));
  }
  if (message.kind === "frame") {
    const captured = state.sent.get(message.t_s);
    for (const time of state.sent.keys()) if (time <= message.t_s) state.sent.delete(time);
    state.seen = message;
    state.frames += 1;
    if (performance.now() - state.faultAt > SHOW_FAULT_MS) fault("");
    remember(state.costs, message.cost_ms);
    requestAnimationFrame(() => { if (captured !== undefined) remember(state.delays, performance.now() - captured); drawRois(); });
  } else {
    const { wave, spectrum, spectrum_bpm, notice, kind, ...rate } = message;
    state.reading = message;
    state.readings.push(rate);
    if (state.readings.length > MOST_READINGS) state.readings.shift();
    show();
    speak();
    buttons();
  }
}

function remember(list, value) {
  list.push(value);
  if (list.length > 90) list.shift();
}

function drawRois() {
  const canvas = find("rois"), seen = state.seen;
  if (!seen) return;
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  seen.rois.forEach(([x0, y0, x1, y1], index) => {
    pen.strokeStyle = style.getPropertyValue(seen.reasons[index] ? "--bad" : "--good").trim();
    pen.lineWidth = 2.5;
    pen.setLineDash(seen.reasons[index] ? [7, 5] : []);
    pen.strokeRect(x0 * WIDTH, y0 * HEIGHT, (x1 - x0) * WIDTH, (y1 - y0) * HEIGHT);
  });
  document.querySelectorAll("#regions li").forEach((item, index) => {
    const reason = seen.reasons[index];
    item.className = reason ? "bad" : "good";
    item.querySelector("span").textContent = reason ? WORDS[state.language].short[reason] ?? reason : word("measured");
  });
}

// A window that is not yet full has its own reading; after that, the rate is followed from window to window.
const shownOf = (reading) => (reading.provisional ? { bpm: reading.bpm, reason: reading.reason } : reading.shown);

function show() {
  const reading = state.reading;
  const why = find("why");
  why.className = "";
  if (!reading) why.textContent = state.running ? word("waiting") : "";
  else {
    const seconds = (reading.end_s - reading.start_s).toFixed(1), shown = shownOf(reading);
    find("bpm").textContent = shown.bpm === null ? "–" : Math.round(shown.bpm);
    find("bpm").classList.toggle("none", shown.bpm === null);
    find("provisional").hidden = !(reading.provisional && shown.bpm !== null);
    if (shown.bpm === null) {
      why.className = "bad";
      why.textContent = WORDS[state.language].reasons[shown.reason] ?? shown.reason;
    } else if (reading.provisional) why.textContent = word("readingProvisional", { seconds });
    else why.textContent = followed(reading, shown);
    if (state.seen?.other_faces) why.textContent += ` ${others(state.seen)}`;
    find("confidence").value = reading.confidence;
    find("confidence-text").textContent = reading.bpm === null ? "–" : reading.confidence.toFixed(2);
    find("coverage").value = reading.coverage;
    find("coverage-text").textContent = `${Math.round(100 * reading.coverage)} %`;
    find("window").textContent = word("seconds", { value: seconds });
    if (state.costs.length) find("cost").textContent = word("ms", { value: median(state.costs).toFixed(1) });
    if (state.delays.length) find("delay").textContent = word("delayMs", { value: median(state.delays).toFixed(0) });
  }
  if (state.paused) why.textContent = word("paused");
  drawWave(find("wave"), reading?.wave ?? [], reading?.wave_rate_hz);
  drawSpectrum(find("spectrum"), reading?.spectrum_bpm ?? [], reading?.spectrum ?? [], reading?.bpm ?? null);
  drawTrend(find("trend"), state.readings, reading?.end_s ?? 0);
}

function followed({ reason }, { age_s, spread_bpm }) {
  const away = reason === "no face", held = away || age_s >= 1;
  const rate = word(held ? "held" : "shown", { spread: spread_bpm.toFixed(1), age: age_s.toFixed(0) });
  return away ? `${WORDS[state.language].reasons[reason]} ${rate}` : rate;
}

function others({ other_faces, face }) {
  const count = other_faces + (face === null ? 0 : 1);
  return word(face === null ? "othersNone" : "others", { count, face });
}

function speak() {
  const { bpm, reason } = shownOf(state.reading), { end_s } = state.reading;
  if (end_s - state.spokenAt < SPEAK_EVERY_S) return;
  state.spokenAt = end_s;
  find("spoken").textContent = bpm === null ? WORDS[state.language].reasons[reason] ?? reason : word("spoken", { bpm: Math.round(bpm) });
}

function pause() {
  state.paused = !state.paused;
  state.sent.clear();
  find("pause").textContent = word(state.paused ? "resume" : "pause");
  show();
}

function save(name, kind, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function saveCsv() {
  const columns = ["start_s", "end_s", "bpm", "reason", "confidence", "provisional", "coverage", "resolution_bpm"];
  const followed = ["bpm", "spread_bpm", "age_s"];
  const rows = state.readings.map((one) => [
    ...columns.map((column) => one[column] ?? ""), ...followed.map((column) => one.shown[column] ?? ""), `"${WORDS.en.notice}"`,
  ].join(","));
  const head = [...columns, ...followed.map((column) => `shown_${column}`), "notice"].join(",");
  save("pulse8-live.csv", "text/csv", [head, ...rows].join("\n") + "\n");
}

function saveJson() {
  save("pulse8-live.json", "application/json", JSON.stringify({ notice: WORDS.en.notice, readings: state.readings }, null, 1));
}

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  store("pulse8-theme", document.documentElement.dataset.theme);
  show();
}

const switchLanguage = () => { speakTo(state.language === "en" ? "zh-Hant" : "en"); store("pulse8-language", state.language); };
const PRESSES = { start, pause, "save-csv": saveCsv, "save-json": saveJson, theme: switchTheme, language: switchLanguage };
const KEYS = { " ": "pause", c: "save-csv", j: "save-json", d: "theme", l: "language" };
for (const [id, press] of Object.entries(PRESSES)) find(id).addEventListener("click", press);
document.addEventListener("keydown", (event) => {
  const id = KEYS[event.key.toLowerCase()];
  if (!id || event.ctrlKey || event.metaKey || event.altKey || ["SELECT", event.key === " " ? "BUTTON" : ""].includes(event.target.tagName)) return;
  event.preventDefault();
  if (!find(id).disabled) PRESSES[id]();
});
find("face").addEventListener("change", choose);
addEventListener("resize", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
if (stored("pulse8-theme")) document.documentElement.dataset.theme = stored("pulse8-theme");
speakTo(stored("pulse8-language") ?? state.language);
