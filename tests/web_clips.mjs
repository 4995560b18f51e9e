// A clip through the module: in node from standard input to standard output, in a page by import.
// A clip: face wanted, width, height, pictures (int32 each), then each picture's time (float64, microseconds) and its RGBA bytes;
// of width 0: rows of cell colours instead, as they travel on a board's line, their time (int64) first.
const HEAD_BYTES = 16, TIME_BYTES = 8, ROW_BYTES = 170, FIELDS = 26;

export async function play(wasm, clip) {
  const { instance: { exports: core } } = await WebAssembly.instantiate(wasm, {});
  const view = new DataView(clip.buffer, clip.byteOffset, clip.byteLength);
  const [face, width, height, pictures] = [0, 4, 8, 12].map((at) => view.getInt32(at, true));
  const bytes = width ? 4 * width * height : ROW_BYTES - TIME_BYTES, told = new Float64Array(FIELDS * pictures), memory = core.memory.buffer.byteLength;
  if (core.p8_web_begin() || core.p8_web_choose(face)) throw new Error("it did not begin");
  for (let index = 0; index < pictures; index++) {
    const at = HEAD_BYTES + index * (TIME_BYTES + bytes);
    const room = width ? core.p8_web_pixels(width, height) : core.p8_web_row() + TIME_BYTES;
    new Uint8Array(core.memory.buffer, room, bytes).set(clip.subarray(at + TIME_BYTES, at + TIME_BYTES + bytes));
    const status = width ? core.p8_web_push(width, height, view.getFloat64(at, true)) : core.p8_web_push_row(Number(view.getBigInt64(at, true)));
    if (status) throw new Error(`picture ${index}: status ${status}`);
    told.set(new Float64Array(core.memory.buffer, core.p8_web_out(), FIELDS), FIELDS * index);
  }
  if (core.memory.buffer.byteLength !== memory) throw new Error("memory grew");
  return new Uint8Array(told.buffer);
}

if (typeof process !== "undefined") {
  const { readFileSync, writeSync } = await import("node:fs");
  const wasm = readFileSync(new URL("../web/pulse8.wasm", import.meta.url)), told = await play(wasm, readFileSync(0));
  for (let sent = 0; sent < told.length;) sent += writeSync(1, told, sent);
}
