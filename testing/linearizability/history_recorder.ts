import type { Operation } from "./operation.ts";

/** A line of a record. A call without a return is one whose outcome is unknown. */
type RecordLine =
  | { line: "call"; id: number; client: string; at: number; input: unknown }
  | { line: "return"; id: number; at: number; output: unknown }
  /** It has had no effect, and will have none. */
  | { line: "failed"; id: number };

/** An operation that has begun. Who never says how it ended has lost its answer. */
export interface RecordedOperation<Output> {
  /** The answer is there. */
  returned(output: Output): void;
  /** It is certain that there was no effect, and that none will come: the operation is left out. */
  failed(): void;
}

/** Options of {@linkcode HistoryRecorder}. */
export interface HistoryRecorderOptions {
  /**
   * Milliseconds of a monotonic clock that all recorders share: in several processes that is the
   * machine's, as `performance.now()` counts from each process's own beginning.
   *
   * @default performance.now
   */
  now?: () => number;
}

/**
 * Writes down what one client asks and is told, a line of JSON at a time: the call before it is made,
 * and the answer after it came. What a process that dies has asked is thus on record.
 *
 * @example
 * ```ts
 * import { HistoryRecorder, readHistory } from "@troupe/troupe/testing";
 *
 * const lines: string[] = [];
 * const recorder = new HistoryRecorder("a", (line) => lines.push(line));
 * recorder.start({ op: "get", key: "x" }).returned({ value: null });
 * recorder.start({ op: "put", key: "x", value: 1 }); // the answer is lost
 * const history = readHistory(lines.join("\n"));
 * if (history.length !== 2) throw new Error("Cannot be: two operations were recorded");
 * ```
 */
export class HistoryRecorder<Input, Output> {
  readonly #client: string;
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  #calls = 0;

  /** Records operations of that client; `write` has to keep the line before it returns. */
  constructor(
    client: string,
    write: (line: string) => void,
    options: HistoryRecorderOptions = {},
  ) {
    this.#client = client;
    this.#write = write;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Records a call, which is to be made at once afterwards. */
  start(input: Input): RecordedOperation<Output> {
    const id = ++this.#calls;
    const say = (line: RecordLine): void => this.#write(JSON.stringify(line));
    say({ line: "call", id, client: this.#client, at: this.#now(), input });
    return {
      returned: (output) => say({ line: "return", id, at: this.#now(), output: output ?? null }),
      failed: () => say({ line: "failed", id }),
    };
  }
}

/**
 * Reads what one recorder wrote. A last line that is not whole is no line: its writer was killed.
 *
 * @throws {SyntaxError} when another line is no JSON
 */
export function readHistory<Input, Output>(text: string): Operation<Input, Output>[] {
  const operations = new Map<number, Operation<Input, Output>>();
  const lines = text.split("\n");
  lines.forEach((text, at) => {
    if (text === "") return;
    const record = parse(text, at === lines.length - 1);
    if (record === undefined) return;
    const begun = operations.get(record.id);
    if (record.line === "call") {
      const { client, at, input } = record;
      operations.set(record.id, {
        client,
        call: at,
        return: Infinity,
        input: input as Input,
        output: undefined,
      });
    } else if (begun === undefined) {
      throw new TypeError(`Cannot read a history: operation ${record.id} ends, and never began`);
    } else if (record.line === "failed") {
      operations.delete(record.id);
    } else {
      const { at, output } = record;
      operations.set(record.id, { ...begun, return: at, output: output as Output });
    }
  });
  return [...operations.values()];
}

function parse(text: string, isLast: boolean): RecordLine | undefined {
  try {
    return JSON.parse(text) as RecordLine;
  } catch (error) {
    if (isLast) return undefined;
    throw error;
  }
}
