// A network alone: inputs' codes on standard input, outputs' codes on standard output.
import { readFileSync, writeSync } from "node:fs";
import { Pulse8 } from "../web/pulse8.js";

const pulse = await Pulse8.load(readFileSync(new URL("../web/pulse8.wasm", import.meta.url)));
const network = Number(process.argv[2]), bytes = pulse.facts.networks[network].input_bytes, before = pulse.memoryBytes;
const read = readFileSync(0), codes = new Int8Array(read.buffer, read.byteOffset, read.length);
for (let start = 0; start < codes.length; start += bytes) writeSync(1, pulse.infer(codes.subarray(start, start + bytes), network));
if (pulse.memoryBytes !== before) throw new Error("memory grew");
