// The module as somebody may use it wrongly: one error that says why, and the next picture is measured.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Pulse8 } from "../pulse8.js";

const wasm = readFileSync(new URL("../pulse8.wasm", import.meta.url));
const grey = (width, height) => ({ data: new Uint8ClampedArray(4 * width * height).fill(120), width, height });
const small = grey(64, 48);

test("the module imports nothing and cannot grow", async () => {
  const module = await WebAssembly.compile(wasm);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const { exports } = await WebAssembly.instantiate(module, {});
  assert.throws(() => exports.memory.grow(1), RangeError);
});

test("pictures that cannot be measured", async () => {
  const pulse = await Pulse8.load(wasm);
  const pictures = [
    null, {}, grey(0, 0), grey(1, 1), grey(15, 400), { ...small, width: 65 }, { ...small, data: [1, 2, 3] }, { ...small, width: NaN },
    { ...small, width: -64, height: -48 }, { ...small, data: new Float32Array(64 * 48 * 4) }, { ...small, width: 1e9, height: 1e9 },
    { data: new Uint8Array(4 * 7680 * 4320), width: 7680, height: 4320 },
  ];
  for (const picture of pictures) assert.throws(() => pulse.push(picture, 0), /send/);
  assert.deepEqual(pulse.push(small, 0).reasons, ["no face", "no face", "no face"]);
  for (const picture of [grey(16, 16), grey(1920, 1080), grey(1080, 1920), grey(4096, 16)]) pulse.push(picture, performance.now());
});

test("times that cannot be", async () => {
  const pulse = await Pulse8.load(wasm);
  for (const time of [NaN, Infinity, -Infinity, undefined, null, "now", 1e300]) assert.throws(() => pulse.push(small, time), /send/);
  pulse.push(small, 10_000);
  for (const time of [10_000, 9_990, 7_001]) assert.throws(() => pulse.push(small, time), /time does not increase/);
  pulse.push(small, 10_033);
  pulse.push(small, 2_000);  // another clock: it begins anew
  pulse.push(small, 2_033);
  assert.throws(() => pulse.push(small, 2_033), /time does not increase/);
});

test("without a face there is a reason, and memory stays as it was", async () => {
  const pulse = await Pulse8.load(wasm), before = pulse.memoryBytes;
  assert.equal(pulse.reading().number, 0);
  for (let index = 0; index < 400; index++) pulse.push(small, 1000 * (index / 30));
  const reading = pulse.reading();
  assert.equal(reading.bpm, null);
  assert.equal(reading.reason, "no face");
  assert.deepEqual(pulse.wave().samples, []);
  assert.equal(pulse.memoryBytes, before);
});

test("a network takes as many codes as it has", async () => {
  const pulse = await Pulse8.load(wasm);
  assert.throws(() => pulse.infer(new Int8Array(5)), /5 codes; send 9216/);
});

test("a module that is not there is said", async () => {
  await assert.rejects(Pulse8.load(new Response("", { status: 404 })), /404/);
  await assert.rejects(Pulse8.load(wasm.subarray(0, 1000)), WebAssembly.CompileError);
});
