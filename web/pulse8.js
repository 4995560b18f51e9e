// Heart rate from camera pictures, where the pictures are: pixels go into the module's own memory and nowhere else.
const LEAST_SIDE = 16, LONGEST_STEP_BACK_MS = 3000;
const STATUS = {
  3: "a picture, time or points out of range; send ImageData and its time of capture",
  4: "time does not increase; send each picture once, in order",
  5: "more than 60 pictures a second; send fewer",
};

export class Pulse8 {
  #core;
  #last_ms = -Infinity;
  #size = { width: 1, height: 1 };
  #face = 0;

  constructor(core) {
    this.#core = core;
    const begin = core.p8_web_facts(), bytes = new Uint8Array(core.memory.buffer);
    this.facts = JSON.parse(new TextDecoder().decode(bytes.subarray(begin, bytes.indexOf(0, begin))));
    this.reset();
  }

  static async load(source = new URL("pulse8.wasm", import.meta.url)) {
    const answer = typeof source === "string" || source instanceof URL ? await fetch(source) : source;
    if (answer instanceof Response && !answer.ok) throw new Error(`no module at ${answer.url}: ${answer.status}`);
    const code = answer instanceof Response ? await answer.arrayBuffer() : answer;
    const module = code instanceof WebAssembly.Module ? code : await WebAssembly.compile(code);
    return new Pulse8((await WebAssembly.instantiate(module, {})).exports);
  }

  get memoryBytes() {
    return this.#core.memory.buffer.byteLength;
  }

  reset() {
    check(this.#core.p8_web_begin());
    check(this.#core.p8_web_choose(this.#face));
    this.#last_ms = -Infinity;
  }

  choose(face) {
    this.#face = faceOf(face);
    this.reset();
  }

  push(picture, timeMs) {
    const { data, width, height } = pictureOf(picture);
    const room = this.#core.p8_web_pixels(width, height);
    if (!room) throw new RangeError(`a picture of ${width}x${height}; send at most 1920x1080 pixels`);
    if (!Number.isFinite(timeMs)) throw new RangeError(`a time of ${timeMs}; send the time of capture in milliseconds`);
    if (timeMs < this.#last_ms - LONGEST_STEP_BACK_MS) this.reset();  // another clock: what was seen lies on the old one
    new Uint8Array(this.#core.memory.buffer, room, data.length).set(data);
    check(this.#core.p8_web_push(width, height, Math.round(1000 * timeMs)));
    this.#last_ms = timeMs;
    this.#size = { width, height };
    return this.seen();
  }

  seen() {
    const { width, height } = this.#size;
    const [found, faces, place, score, ...rest] = this.#out().subarray(0, 19);
    const edges = (roi) => rest.slice(4 * roi, 4 * roi + 4).map((edge, index) => edge / (index % 2 ? height : width));
    const reasons = rest.slice(12).map((code) => this.facts.reasons[code]);
    return { faces, face: found ? place : null, score, rois: found ? [edges(0), edges(1), edges(2)] : [], reasons };
  }

  reading() {
    const [number, bpm, plus_minus, confidence, age_s, reason, provisional] = this.#out().subarray(19);
    const known = reason === 0;
    return {
      number, bpm: known ? bpm : null, reason: this.facts.reasons[reason], confidence, provisional: provisional !== 0,
      spread_bpm: known && !provisional ? plus_minus : null, age_s: known ? age_s : null,
    };
  }

  wave() {
    const { number, reason } = this.reading(), { rate_hz, fft_length, band_bpm: [low, high] } = this.facts;
    const count = number && (reason === null || reason === "no pulse") ? this.#core.p8_web_wave() : 0;
    if (!count) return { samples: [], rate_hz, spectrum_bpm: [], spectrum: [] };
    const step = (60 * rate_hz) / fft_length, first = Math.ceil(low / step), bins = Math.floor(high / step) - first + 1;
    const power = this.#floats(this.#core.p8_web_spectrum(count), 1 + bins).slice(1);  // the bin below the band comes first
    const most = Math.max(...power) || 1;
    return {
      samples: [...this.#floats(this.#core.p8_web_samples(), count)], rate_hz,
      spectrum_bpm: [...power.keys()].map((bin) => (first + bin) * step), spectrum: [...power].map((one) => one / most),
    };
  }

  infer(codes, network = 0) {
    const { input_bytes, output_bytes } = this.facts.networks[network];
    if (codes.length !== input_bytes) throw new RangeError(`${codes.length} codes; send ${input_bytes}`);
    new Int8Array(this.#core.memory.buffer, this.#core.p8_web_input(network), input_bytes).set(codes);
    check(this.#core.p8_web_run(network));
    return new Int8Array(this.#core.memory.buffer, this.#core.p8_web_output(network), output_bytes).slice();
  }

  #out() {
    return new Float64Array(this.#core.memory.buffer, this.#core.p8_web_out(), 26);
  }

  #floats(begin, count) {
    return new Float32Array(this.#core.memory.buffer, begin, count);
  }
}

// As the core counts: the largest, or the first to the ninth from the picture's left, or the rightmost.
function faceOf(face) {
  const number = { largest: 0, left: 1, right: -1 }[face] ?? Number(face);
  if (["largest", "left", "right"].includes(face) || (Number.isInteger(number) && number >= 1 && number <= 9)) return number;
  throw new RangeError(`a face ${face}; send largest, left, right or 1 to 9, from the picture's left`);
}

function pictureOf(picture) {
  const { data, width, height } = picture ?? {};
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < LEAST_SIDE || height < LEAST_SIDE)
    throw new RangeError(`a picture of ${width}x${height}; send at least ${LEAST_SIDE}x${LEAST_SIDE} pixels`);
  if (!ArrayBuffer.isView(data) || data.BYTES_PER_ELEMENT !== 1 || data.length !== 4 * width * height)
    throw new TypeError(`no pixels of ${width}x${height}; send red, green, blue and alpha bytes, as ImageData has them`);
  return picture;
}

function check(status) {
  if (status) throw new RangeError(STATUS[status] ?? `the module's status is ${status}`);
}
