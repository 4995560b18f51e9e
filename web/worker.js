// Pulse8 in a worker of its own: the page draws while pictures are measured. Answers come in the order of the pictures.
export class Pulse8Worker {
  #worker;
  #waiting = [];
  #ended = null;

  static async load(wasm = new URL("pulse8.wasm", import.meta.url)) {
    const measuring = new Pulse8Worker();
    measuring.#worker = new Worker(new URL("./worker_thread.js", import.meta.url), { type: "module" });
    measuring.#worker.onmessage = ({ data }) => measuring.#answer(data);
    measuring.#worker.onerror = (event) => measuring.#end(new Error(event.message || "the worker could not be started"));
    measuring.facts = await measuring.#ask({ wasm: String(wasm) });
    return measuring;
  }

  get waiting() {
    return this.#waiting.length;
  }

  push(picture, timeMs) {
    const { data, width, height } = picture ?? {};
    return this.#ask({ picture: { data, width, height }, timeMs }, ArrayBuffer.isView(data) ? [data.buffer] : []);
  }

  reset() {
    return this.#ask({ reset: true });
  }

  choose(face) {
    return this.#ask({ face });
  }

  close() {
    this.#worker.terminate();
    this.#end(new Error("the worker was closed"));
  }

  #ask(question, handedOver = []) {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((done, failed) => {
      this.#worker.postMessage(question, handedOver);  // throws what cannot be handed over: then nothing waits
      this.#waiting.push({ done, failed });
    });
  }

  #answer({ answer, fault }) {
    const { done, failed } = this.#waiting.shift();
    if (fault === undefined) done(answer);
    else failed(new RangeError(fault));
  }

  #end(error) {
    this.#ended = error;
    for (const { failed } of this.#waiting.splice(0)) failed(error);
  }
}
