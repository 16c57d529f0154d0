import type { Model } from "./model.ts";
import type { History, Operation } from "./operation.ts";
import type { Conflict } from "./shrink.ts";

/** How many columns the picture of the time has. */
const COLUMNS = 48;

/** How many operations beside those in conflict are shown. */
const CONTEXT = 8;

/** How many operations in conflict are shown: the last ones. */
const SHOWN = 16;

/**
 * Tells a person why a history cannot be: which operations contradict each other (marked `*`), what
 * happened at the same time, and the state that all before had led to.
 */
export function explainConflict<State, Input, Output>(
  model: Model<State, Input, Output>,
  part: string,
  history: History<Input, Output>,
  conflict: Conflict<Input, Output>,
): string {
  const { operations, linearized } = conflict;
  const end = Math.max(...operations.map((operation) => operation.return));
  const marked = new Set(operations.map(identify));
  const latest = operations.slice(-SHOWN);
  const shown = [...latest, ...contextOf(history, marked, end)]
    .sort((a, b) => a.call - b.call);
  const from = Math.min(...shown.map(({ call }) => call));
  const names = widthOf(shown.map(({ client }) => client));
  const scale = (at: number): number =>
    Math.round((Math.min(at, end) - from) / Math.max(end - from, 1e-9) * (COLUMNS - 1));
  const lines = shown.map((operation) => {
    const { client, input, output } = operation;
    const mark = marked.has(identify(operation)) ? "*" : " ";
    const text = model.describe?.(input, output) ?? describe(input, output);
    return `${mark} ${client.padEnd(names)} |${bar(operation, scale, end)}| ` +
      `${(operation.call - from).toFixed(1)}–${until(operation, from)} ms  ${text}`;
  });
  const hidden = operations.length - latest.length;
  const object = part === "" ? model.name : `${model.name} ${JSON.stringify(part)}`;
  return [
    `Cannot linearize ${object}: no order of ${operations.length} operations (marked *) gives these answers`,
    ...(hidden > 0 ? [`* … ${hidden} before these`] : []),
    ...lines,
    `  The answer at ${(end - from).toFixed(1)} ms is the first that fits no order`,
    `  ${linearized.length} operations have an order, which leads to ${
      stateAfter(model, linearized)
    }`,
  ].join("\n");
}

/** What was called last before the conflict's end, beside what is in conflict. */
function contextOf<O extends Operation>(
  history: readonly O[],
  marked: ReadonlySet<string>,
  end: number,
): O[] {
  return history.filter((operation) => operation.call <= end && !marked.has(identify(operation)))
    .sort((a, b) => a.call - b.call).slice(-CONTEXT);
}

function identify({ client, call, input }: Operation): string {
  return JSON.stringify([client, call, input]);
}

function bar(operation: Operation, scale: (at: number) => number, end: number): string {
  const [first, last] = [scale(operation.call), scale(operation.return)];
  const isOpen = operation.return > end;
  return (" ".repeat(first) + "-".repeat(Math.max(last - first, 0)) + (isOpen ? ">" : "-"))
    .padEnd(COLUMNS);
}

function until({ return: at }: Operation, from: number): string {
  return at === Infinity ? "?" : (at - from).toFixed(1);
}

function describe(input: unknown, output: unknown): string {
  return `${JSON.stringify(input)} → ${output === undefined ? "unknown" : JSON.stringify(output)}`;
}

function widthOf(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}

function stateAfter<State, Input, Output>(
  model: Model<State, Input, Output>,
  linearized: History<Input, Output>,
): string {
  const state = linearized.reduce(
    (before, { input, output }) => model.step(before, input, output)[1],
    model.init(),
  );
  return JSON.stringify(state);
}
