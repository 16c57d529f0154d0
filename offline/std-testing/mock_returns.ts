// deno-lint-ignore-file no-explicit-any -- `any` as default types, as the real module has them
/** Functions for stubs to run. */
import { MockError } from "./spies.ts";

export function returnsThis<Self = any, Args extends unknown[] = any[]>(): (
  this: Self,
  ...args: Args
) => Self {
  return function (this: Self): Self {
    return this;
  };
}

export function returnsArg<Arg, Self = any>(
  idx: number,
): (this: Self, ...args: Arg[]) => Arg | undefined {
  return (...args) => args[idx];
}

export function returnsArgs<Args extends unknown[], Self = any>(
  start = 0,
  end?: number,
): (this: Self, ...args: Args) => Args {
  return (...args) => args.slice(start, end) as Args;
}

/** Returns one value after the other; throws those that are errors, and when none is left. */
export function returnsNext<Return, Self = any, Args extends unknown[] = any[]>(
  values: Iterable<Return | Error>,
): (this: Self, ...args: Args) => Return {
  const iterator = values[Symbol.iterator]();
  let calls = 0;
  return () => settle(iterator.next(), () => calls++) as Return;
}

/** As {@linkcode returnsNext}, with promises. */
export function resolvesNext<Return, Self = any, Args extends unknown[] = any[]>(
  iterable:
    | Iterable<Return | Error | Promise<Return | Error>>
    | AsyncIterable<Return | Error | Promise<Return | Error>>,
): (this: Self, ...args: Args) => Promise<Return> {
  // A generator, so that calls side by side wait for each other.
  const values = (async function* () {
    yield* iterable;
  })();
  let calls = 0;
  return async () => settle(await values.next(), () => calls++) as Return;
}

function settle<T>(step: IteratorResult<T>, count: () => number): T {
  const calls = count();
  if (step.done) throw new MockError(`Not expected to be called more than ${calls} time(s)`);
  if (step.value instanceof Error) throw step.value;
  return step.value;
}
