// Camera frames out, readings in. Few frames are on the way at once, so that a slow machine shows fewer, not later ones.
// What measures is a worker of this page.
import { HEIGHT, WIDTH, cameras, openCamera, watchCamera } from "./camera.js";
import { open } from "./link.js";
import { drawSpectrum, drawTrend, drawWave } from "./plots.js";
import { WORDS } from "./words.js";

const MOST_ON_THE_WAY = 3, MOST_READINGS = 7200, SPEAK_EVERY_S = 10, SHOW_FAULT_MS = 8000, SILENT_MS = 3000, BACK_MS = 3000;
const find = (id) => document.getElementById(id);
const state = {
  language: navigator.language.startsWith("zh") ? "zh-Hant" : "en",
  running: false, paused: false, link: null, stream: null, sent: new Map(), lastSent: -Infinity, reading: null, seen: null, face: null, camera: null,
  readings: [], costs: [], delays: [], arrivals: [], spokenAt: -Infinity, frames: 0, dropped: 0, faultAt: Infinity, heardAt: Infinity,
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
  find("start").disabled = true;
  try {
    await see();
    await connect();
  } catch (error) {
    stop(word(error.word ?? "lostWorker", { reason: error.message }));
  }
  find("start").disabled = false;
}

// Show the chosen camera; it may be another one than before.
async function see() {
  const before = state.stream;
  state.stream = await openCamera(state.camera);
  before?.getTracks().forEach((track) => track.stop());
  const [track] = state.stream.getVideoTracks();
  track.onended = () => stop(word("lostCamera"));
  state.camera = track.getSettings().deviceId ?? null;
  find("video").srcObject = state.stream;
  await find("video").play();
  await listCameras();
}

async function listCameras() {
  const found = await cameras();
  find("cameras").replaceChildren(...found.map(({ deviceId, label }, index) => new Option(label || `${word("camera")} ${index + 1}`, deviceId)));
  find("cameras").value = state.camera;
  find("cameras").hidden = found.length < 2;
}

async function connect() {
  let link = null;
  const current = (act) => (...values) => { if (link === null || link === state.link) act(...values); };
  const onEnd = current((key, reason) => stop(word(key, { reason })));
  link = await open({ face: state.face }, { onMessage: current(take), onEnd });
  state.link?.close();
  state.link = link;
  state.sent.clear();  // what was taken while no link was open never went
  state.lastSent = -Infinity;
  state.heardAt = performance.now();
  if (!state.running) watchCamera(find("video"), picture);
  state.running = true;
  find("curtain").hidden = true;
  buttons();
  show();
}

async function choose() {
  state.face = find("face").value;
  if (!state.running) return;
  state.reading = state.seen = null;
  show();
  await connect().catch((error) => stop(word("lostWorker", { reason: error.message })));
}

async function chooseCamera() {
  state.camera = find("cameras").value;
  await see().catch((error) => stop(word(error.word ?? "busyCamera")));
}

function stop(text) {
  state.running = false;
  state.heardAt = Infinity;
  state.stream?.getTracks().forEach((track) => { track.onended = null; track.stop(); });
  state.link?.close();
  state.stream = state.link = null;
  find("curtain").hidden = false;
  fault(text);
  buttons();
  show();
}

function buttons() {
  find("pause").disabled = !state.running;
  find("save-csv").disabled = find("save-json").disabled = !state.readings.length;
}

// A camera's picture on a canvas; false ends the watching.
function picture(canvas, captured) {
  if (!state.running) return false;
  if (state.paused || document.hidden) state.heardAt = performance.now();
  else if (state.sent.size >= MOST_ON_THE_WAY) state.dropped += 1;
  else if (captured > state.lastSent || captured < state.lastSent - BACK_MS) {  // else the same picture shown again
    state.lastSent = captured;
    state.sent.set(captured / 1000, Math.min(captured, performance.now()));
    state.link.push(canvas(), captured / 1000);
  }
  return true;
}

// A camera that stalls, or whose clock does, says nothing itself.
function watchSilence() {
  if (performance.now() - state.heardAt < SILENT_MS) return;
  state.sent.clear();
  fault(word("silentCamera"));
}

function take(message) {
  state.heardAt = performance.now();
  if (message.kind === "error") {
    state.sent.clear();
    return fault(word("worker", message));
  }
  if (message.kind === "frame") {
    const captured = state.sent.get(message.t_s);
    for (const time of state.sent.keys()) if (time <= message.t_s) state.sent.delete(time);
    state.seen = message;
    state.frames += 1;
    remember(state.arrivals, performance.now());
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
    if (state.arrivals.length > 1) find("frames").textContent = word("framesOf", { rate: perSecond(state.arrivals).toFixed(1), dropped: state.dropped });
    if (state.delays.length) find("delay").textContent = word("delayMs", { value: median(state.delays).toFixed(0) });
  }
  if (state.paused) why.textContent = word("paused");
  drawWave(find("wave"), reading?.wave ?? [], reading?.wave_rate_hz);
  drawSpectrum(find("spectrum"), reading?.spectrum_bpm ?? [], reading?.spectrum ?? [], reading?.bpm ?? null);
  drawTrend(find("trend"), state.readings, reading?.end_s ?? 0);
}

const perSecond = (times) => (1000 * (times.length - 1)) / (times.at(-1) - times[0]);

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
find("cameras").addEventListener("change", chooseCamera);
navigator.mediaDevices?.addEventListener("devicechange", () => state.running && listCameras());
setInterval(watchSilence, 1000);
navigator.serviceWorker?.register("sw.js").catch(() => {});  // without one the page works, and not offline
addEventListener("resize", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
if (stored("pulse8-theme")) document.documentElement.dataset.theme = stored("pulse8-theme");
speakTo(stored("pulse8-language") ?? state.language);
