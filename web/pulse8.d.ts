/** Heart rate from camera pictures. Not a medical device: not for diagnosis, treatment or monitoring. */

/** Why there is no heart rate, or why a region is not measured. */
export type Reason =
  | "too dark or too bright" | "no colour" | "no face" | "no pulse" | "ROI outside the picture" | "head tilted"
  | "too few frames" | "too short" | "face too small";

/** Red, green, blue and alpha bytes, rows from top to bottom: `ImageData` is one. 16 px a side at least, 1920x1080 px at most. */
export interface Picture {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Which of several faces is measured; a number counts from the picture's left and waits until so many are in sight. */
export type Choice = "largest" | "left" | "right" | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** x0, y0, x1, y1 as a share of the picture's width and height; may reach outside it. */
export type Edges = [number, number, number, number];

/** What a picture showed. */
export interface Seen {
  /** Faces in the picture when they were counted last. */
  readonly faces: number;
  /** Which of them is measured, counted from the picture's left, 1 first; `null` where none is. */
  readonly face: number | null;
  /** Score of the detection that the face was followed from, 0 to 1. */
  readonly score: number;
  /** Forehead, left cheek, right cheek, the subject's; empty where there is no face. */
  readonly rois: Edges[];
  /** Why each region is not measured; `null` where it is. */
  readonly reasons: (Reason | null)[];
}

/** The heart rate, or the reason why there is none. */
export interface Reading {
  /** Counts readings, one a second; 0 before the first. */
  readonly number: number;
  /** Beats per minute, 40 to 180, followed from second to second; `null` with a reason. */
  readonly bpm: number | null;
  readonly reason: Reason | null;
  /** Belief that it is right within 5 BPM, 0 to 1. */
  readonly confidence: number;
  /** How far it may be off, BPM, one standard deviation; `null` of a provisional rate. */
  readonly spread_bpm: number | null;
  /** Seconds since the last window that was read ended: the rate stands for a while when the face has gone. */
  readonly age_s: number | null;
  /** Read from less than a whole window, from 5 seconds with a face on. */
  readonly provisional: boolean;
}

/** The pulse wave of the last window, without a unit, and the power of its rates, its largest value 1; empty without one. */
export interface Wave {
  readonly samples: number[];
  readonly rate_hz: number;
  readonly spectrum_bpm: number[];
  readonly spectrum: number[];
}

/** What the module holds. */
export interface Facts {
  readonly model: string;
  readonly sha256: string;
  readonly rate_hz: number;
  readonly window_s: number;
  readonly rois: string[];
  readonly reasons: (Reason | null)[];
  readonly band_bpm: [number, number];
  readonly fft_length: number;
  readonly networks: { name: string; input_bytes: number; output_bytes: number }[];
  readonly notice: string;
}

/** The module: an address, a response, its bytes, or compiled. */
export type Source = string | URL | Response | BufferSource | WebAssembly.Module;

export class Pulse8 {
  private constructor();

  /** Load the module; without a source, `pulse8.wasm` beside this file. */
  static load(source?: Source): Promise<Pulse8>;

  readonly facts: Facts;
  /** The module's memory; it never grows. */
  readonly memoryBytes: number;

  /**
   * Measure a picture that was taken at `timeMs`, milliseconds on any clock, and say what it showed.
   *
   * A `RangeError` or `TypeError` says what was wrong with a picture or its time; the next one is measured as if it had not
   * been sent. A time more than three seconds before the last one begins anew.
   */
  push(picture: Picture, timeMs: number): Seen;

  /** What the last picture showed. */
  seen(): Seen;

  /** The heart rate now. */
  reading(): Reading;

  /** The wave of the last reading. */
  wave(): Wave;

  /** Measure another face than the largest; forgets the face, all pictures and the rate. */
  choose(face: Choice): void;

  /** Forget the face, all pictures and the rate; the choice of a face stays. */
  reset(): void;

  /** A network alone, codes in and out, channels last: the bytes of the integer reference. It ends a measurement: `reset()`. */
  infer(codes: Int8Array, network?: number): Int8Array;
}
