/**
 * A line that shows that something goes on.
 *
 * @module
 */

const CLEAR_LINE = "\r\x1b[K";
const COLORS: Readonly<Record<string, string>> = Object.fromEntries([
  ...["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
    .map((name, index): [string, string] => [name, `\x1b[3${index}m`]),
  ["gray", "\x1b[90m"],
]);

// deno-lint-ignore ban-types
export type Ansi = string & {};

export type Color =
  | "black"
  | "red"
  | "green"
  | "yellow"
  | "blue"
  | "magenta"
  | "cyan"
  | "white"
  | "gray"
  | Ansi;

export interface SpinnerOptions {
  /** The frames. @default {["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]} */
  spinner?: string[];
  /** What stands beside it. @default {""} */
  message?: string;
  /** Milliseconds between frames. @default {75} */
  interval?: number;
  /** @default that of the terminal */
  color?: Color;
  /** @default {Deno.stdout} */
  output?: typeof Deno.stderr | typeof Deno.stdout;
}

/** Draws a frame at each interval from `start()` until `stop()`, which clears the line. */
export class Spinner {
  message: string;
  readonly #frames: string[];
  readonly #interval: number;
  readonly #output: typeof Deno.stdout | typeof Deno.stderr;
  #color: Color | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: SpinnerOptions = {}) {
    this.message = options.message ?? "";
    this.#frames = options.spinner ?? [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];
    this.#interval = options.interval ?? 75;
    this.#output = options.output ?? Deno.stdout;
    this.color = options.color;
  }

  /** The escape code of the color that was set by name. */
  get color(): Color | undefined {
    return this.#color;
  }

  set color(value: Color | undefined) {
    this.#color = value ? COLORS[value] : undefined;
  }

  start(): void {
    if (this.#timer !== undefined || this.#output.writable.locked) return;
    let count = 0;
    const draw = () => {
      const frame = this.#frames[count++ % this.#frames.length];
      const colored = Deno.noColor ? frame : `${this.#color ?? ""}${frame}\x1b[0m`;
      this.#write(`${CLEAR_LINE}${colored} ${this.message}`);
    };
    this.#timer = setInterval(draw, this.#interval);
    draw();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#write(CLEAR_LINE);
  }

  #write(text: string): void {
    this.#output.writeSync(new TextEncoder().encode(text));
  }
}
