// deno-lint-ignore-file no-explicit-any -- `any` as default types, as the real module has them
/** Spies on functions and methods, and stubs that replace methods. Classes are left out. */

/** Misuse of a spy, or one call more than there are values for. */
export class MockError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MockError";
  }
}

/** One call; either `returned` or `error` is there. */
export interface SpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: Self;
}

export interface Spy<Self = any, Args extends unknown[] = any[], Return = any> {
  (this: Self, ...args: Args): Return;
  original: (this: Self, ...args: Args) => Return;
  calls: SpyCall<Self, Args, Return>[];
  restored: boolean;
  /** Puts the original method back. Throws for a function, and when that has been done. */
  restore(): void;
}

export interface MethodSpy<Self = any, Args extends unknown[] = any[], Return = any>
  extends Spy<Self, Args, Return>, Disposable {}

export interface Stub<Self = any, Args extends unknown[] = any[], Return = any>
  extends MethodSpy<Self, Args, Return> {
  /** What runs in place of the original. */
  fake: (this: Self, ...args: Args) => Return;
}

export type SpyLike<Self = any, Args extends unknown[] = any[], Return = any> = Spy<
  Self,
  Args,
  Return
>;

export type GetParametersFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: infer Args) => unknown ? Args : unknown[];

export type GetReturnFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: any[]) => infer Return ? Return : unknown;

type Method<Self, Args extends unknown[], Return> = (this: Self, ...args: Args) => Return;

const sessions: Set<Spy>[] = [];

/** A function that calls `func`, or nothing, and remembers its calls. */
export function spy<Self = any, Args extends unknown[] = any[], Return = undefined>(): Spy<
  Self,
  Args,
  Return
>;
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function spy(target?: any, property?: PropertyKey): Spy {
  if (property !== undefined) return replaceMethod(target, property, { verb: "spy" });
  const cannot = () => {
    throw new MockError("Cannot restore: function cannot be restored");
  };
  const original = target ?? (() => {});
  return recorder(original, { original, restore: cannot, isRestored: () => false });
}

/** Replaces a method, by `func` or by one that returns undefined, until it is restored. */
export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func?: (
    this: Self,
    ...args: GetParametersFromProp<Self, Prop>
  ) => GetReturnFromProp<Self, Prop>,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>> {
  const fake = func ?? (() => undefined);
  return replaceMethod(self, property, { verb: "stub", fake }) as Stub<
    Self,
    GetParametersFromProp<Self, Prop>,
    GetReturnFromProp<Self, Prop>
  >;
}

/** Starts a session, or wraps `func` in one: what is spied on in it is restored at its end. */
export function mockSession(): number;
export function mockSession<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): (this: Self, ...args: Args) => Return;
export function mockSession<Self, Args extends unknown[], Return>(
  func?: Method<Self, Args, Return>,
): number | Method<Self, Args, Return> {
  if (!func) return sessions.push(new Set()) - 1;
  return function (...args) {
    const id = mockSession();
    try {
      return func.apply(this, args);
    } finally {
      restore(id);
    }
  };
}

export function mockSessionAsync<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Promise<Return>,
): (this: Self, ...args: Args) => Promise<Return> {
  return async function (...args) {
    const id = mockSession();
    try {
      return await func.apply(this, args);
    } finally {
      restore(id);
    }
  };
}

/** Restores what was spied on since session `id` began; without it, in the last one. */
export function restore(id: number = Math.max(0, sessions.length - 1)): void {
  while (sessions.length > id) {
    for (const one of sessions.pop()!) one.restore();
  }
}

function replaceMethod(
  self: any,
  property: PropertyKey,
  { verb, fake }: { verb: "spy" | "stub"; fake?: Method<any, any[], any> },
): Spy {
  const original = self[property];
  if (typeof original !== "function" && (verb === "spy" || original !== undefined)) {
    throw new MockError(`Cannot ${verb}: property is not an instance method`);
  }
  if (isSpy(original)) throw new MockError(`Cannot ${verb}: already spying on instance method`);
  const before = Object.getOwnPropertyDescriptor(self, property);
  if (before && !before.configurable) {
    throw new MockError(`Cannot ${verb}: non-configurable instance method`);
  }
  let restored = false;
  const restore = () => {
    if (restored) throw new MockError("Cannot restore: instance method already restored");
    restored = true;
    if (before) Object.defineProperty(self, property, before);
    else delete self[property];
    sessions.at(-1)?.delete(replacement);
  };
  const replacement = recorder(fake ?? original, {
    original,
    restore,
    isRestored: () => restored,
  });
  if (fake) Object.defineProperty(replacement, "fake", { enumerable: true, value: fake });
  Object.defineProperty(replacement, Symbol.dispose, { value: () => replacement.restore() });
  Object.defineProperty(self, property, {
    configurable: true,
    enumerable: before?.enumerable ?? false,
    writable: before?.writable ?? false,
    value: replacement,
  });
  if (sessions.length === 0) sessions.push(new Set());
  sessions.at(-1)!.add(replacement);
  return replacement;
}

function recorder(
  run: Method<any, any[], any>,
  about: { original: unknown; restore: () => void; isRestored: () => boolean },
): Spy {
  const calls: SpyCall[] = [];
  const record = function (this: unknown, ...args: unknown[]): unknown {
    const call: SpyCall = this ? { args, self: this } : { args };
    try {
      return call.returned = run.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    } finally {
      calls.push(call);
    }
  };
  return Object.defineProperties(record, {
    original: { enumerable: true, value: about.original },
    calls: { enumerable: true, value: calls },
    restored: { enumerable: true, get: about.isRestored },
    restore: { enumerable: true, value: about.restore },
  }) as unknown as Spy;
}

function isSpy(value: any): boolean {
  return typeof value === "function" && typeof value.original === "function" &&
    typeof value.restored === "boolean" && typeof value.restore === "function" &&
    Array.isArray(value.calls);
}
