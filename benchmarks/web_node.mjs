// Processor time of the module in node: windows FILE ROUNDS, or pictures FILE WIDTH HEIGHT RATE. Prints one record.
import { openSync, readFileSync, readSync } from "node:fs";
import { Pulse8 } from "../web/pulse8.js";

const pulse = await Pulse8.load(readFileSync(new URL("../web/pulse8.wasm", import.meta.url)));
const [what, file, ...words] = process.argv.slice(2);
const before = pulse.memoryBytes;
const cpuMs = (since) => { const { user, system } = process.cpuUsage(since); return (user + system) / 1000; };
const rounded = (value) => Math.round(1000 * value) / 1000;

function windows(rounds) {
  const codes = new Int8Array(readFileSync(file)), bytes = pulse.facts.networks[0].input_bytes, count = codes.length / bytes;
  const run = () => Array.from({ length: count }, (_, index) => pulse.infer(codes.subarray(index * bytes, (index + 1) * bytes)));
  const answers = run(), since = process.cpuUsage();  // the first round is compiled on the way
  for (let round = 0; round < rounds; round++) run();
  return { cpu_ms_a_window: rounded(cpuMs(since) / rounds / count), codes: answers.flatMap((answer) => [...answer].map((code) => code & 255)) };
}

function pictures(width, height, rate) {
  const data = new Uint8Array(4 * width * height), handle = openSync(file), costs = [], rates = [];
  for (let index = 0; readSync(handle, data) === data.length; index++) {
    const since = process.cpuUsage();
    pulse.push({ data, width, height }, (1000 * index) / rate);
    costs.push(cpuMs(since));
    if (pulse.reading().bpm) rates.push(pulse.reading().bpm);
  }
  const mean = costs.reduce((sum, one) => sum + one, 0) / costs.length;
  return { pictures: costs.length, cpu_ms_a_picture: rounded(mean), longest_ms: rounded(Math.max(...costs)), last_bpm: rounded(rates.at(-1) ?? NaN) };
}

const figures = what === "windows" ? windows(Number(words[0])) : pictures(...words.map(Number));
console.log(JSON.stringify({ ...figures, memory_growth_bytes: pulse.memoryBytes - before }));
