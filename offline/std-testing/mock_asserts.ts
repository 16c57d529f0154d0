// deno-lint-ignore-file no-explicit-any -- `any` as default types, as the real module has them
/** Assertions about calls of a spy. */
import { AssertionError, deepStrictEqual } from "node:assert/strict";
import type { SpyCall, SpyLike } from "./spies.ts";

export interface ExpectedSpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  args?: [...Args, ...unknown[]];
  self?: Self;
  /** What was returned; of a rejected promise expect the error. */
  returned?: Return;
  error?: {
    Class?: new (...args: any[]) => Error;
    /** A part of the message. */
    msgIncludes?: string;
  };
}

export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  expectedCalls: number,
): void {
  const given = spy.calls.length;
  if (given === expectedCalls) return;
  const problem = given < expectedCalls
    ? "Spy not called as much as expected"
    : "Spy called more than expected";
  fail(`${problem}:\n\n    ${given} calls, ${expectedCalls} expected`);
}

/** Compares the fields that are in `expected`. Calls are counted from 0. */
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  expected: ExpectedSpyCall<Self, Args, Return> = {},
): void {
  const call = callAt(spy, callIndex);
  if (expected.args) equal(call.args, expected.args, "Spy not called with expected args");
  if ("self" in expected) {
    const problem = expected.self
      ? "Spy not called as method on expected self"
      : "Spy not expected to be called as method on object";
    equal(call.self, expected.self, problem);
  }
  refuseBoth(expected);
  if ("returned" in expected) {
    if (call.error) fail("Spy call did not return expected value, an error was thrown.");
    equal(call.returned, expected.returned, "Spy call did not return expected value");
  }
  if ("error" in expected) {
    if ("returned" in call) fail("Spy call did not throw an error, a value was returned.");
    matchError(call.error, expected.error);
  }
}

/** As {@linkcode assertSpyCall}, `returned` and `error` being those of the promise returned. */
export async function assertSpyCallAsync<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Promise<Return>>,
  callIndex: number,
  expected: ExpectedSpyCall<Self, Args, Promise<Return> | Return> = {},
): Promise<void> {
  const { returned, error, ...direct } = expected;
  assertSpyCall(spy, callIndex, direct as ExpectedSpyCall<Self, Args, Promise<Return>>);
  const call = callAt(spy, callIndex);
  if (call.error) fail("Spy call did not return a promise, an error was thrown.");
  if (!(call.returned instanceof Promise)) {
    fail("Spy call did not return a promise, a value was returned.");
  }
  refuseBoth(expected);
  const outcome = await call.returned.then(
    (value: Return) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );
  if ("returned" in expected) {
    if ("thrown" in outcome) fail("Spy call returned promise was rejected");
    equal(outcome.value, await returned, "Spy call did not resolve to expected value");
  }
  if ("error" in expected) {
    if ("value" in outcome) fail("Expected function to reject.");
    matchError(outcome.thrown, error);
  }
}

/** Compares one argument and returns it. */
export function assertSpyCallArg<Self, Args extends unknown[], Return, ExpectedArg>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  argIndex: number,
  expected: ExpectedArg,
): ExpectedArg {
  const arg = callAt(spy, callIndex).args[argIndex];
  equal(arg, expected, "Values are not equal");
  return arg;
}

/** Compares the arguments, or those from `argsStart` until before `argsEnd`. */
export function assertSpyCallArgs<
  Self,
  Args extends unknown[],
  Return,
  ExpectedArgs extends unknown[],
>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  ...rest:
    | [expected: ExpectedArgs]
    | [argsStart: number, expected: ExpectedArgs]
    | [argsStart: number, argsEnd: number, expected: ExpectedArgs]
): ExpectedArgs {
  const expected = rest.at(-1) as ExpectedArgs;
  const [start, end] = rest.slice(0, -1) as number[];
  const args = callAt(spy, callIndex).args.slice(start, end);
  equal(args, expected, "Values are not equal");
  return args as ExpectedArgs;
}

function callAt<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  index: number,
): SpyCall {
  return spy.calls[index] ?? fail("Spy not called as much as expected");
}

function refuseBoth(expected: ExpectedSpyCall): void {
  if ("returned" in expected && "error" in expected) {
    throw new TypeError("Do not expect error and return, only one should be expected");
  }
}

function matchError(error: unknown, expected: ExpectedSpyCall["error"]): void {
  const { Class = Error, msgIncludes = "" } = expected ?? {};
  if (!(error instanceof Class)) {
    fail(`Expected error to be instance of "${Class.name}", but was "${error}".`);
  }
  if (!error.message.includes(msgIncludes)) {
    fail(`Expected error message to include "${msgIncludes}", but got "${error.message}".`);
  }
}

function equal(actual: unknown, expected: unknown, problem: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    fail(`${problem}:\n${(error as Error).message}`);
  }
}

function fail(message: string): never {
  throw new AssertionError({ message });
}
