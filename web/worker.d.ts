import type { Choice, Facts, Picture, Reading, Seen, Wave } from "./pulse8.js";

/** What comes of a picture: a reading only where there is a new one. */
export interface Answer {
  readonly seen: Seen;
  readonly reading: (Reading & { readonly wave: Wave }) | null;
  /** Time that the picture took in the worker. */
  readonly cost_ms: number;
}

/** `Pulse8` in a worker of its own. */
export class Pulse8Worker {
  private constructor();
  static load(wasm?: string | URL): Promise<Pulse8Worker>;

  readonly facts: Facts;
  /** Pictures that are not answered yet: send none where there are three. */
  readonly waiting: number;

  /** Measure a picture; its bytes are handed over to the worker. Rejects as `Pulse8.push` throws, and where the worker ended. */
  push(picture: Picture, timeMs: number): Promise<Answer>;
  reset(): Promise<void>;
  /** Measure another face; forgets all, as `Pulse8.choose`. */
  choose(face: Choice): Promise<void>;
  close(): void;
}
