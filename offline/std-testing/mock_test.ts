import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import {
  assertSpyCall,
  assertSpyCallArg,
  assertSpyCallArgs,
  assertSpyCallAsync,
  assertSpyCalls,
  MockError,
  mockSession,
  mockSessionAsync,
  resolvesNext,
  restore,
  returnsArg,
  returnsArgs,
  returnsNext,
  returnsThis,
  type Spy,
  spy,
  stub,
} from "@std/testing/mock";

class Counter {
  constructor(public value: number) {}

  add(by: number): number {
    return this.value += by;
  }
}

const AssertionError = { name: "AssertionError" };

Deno.test("spy() remembers the calls of a function", () => {
  const double: Spy<unknown, [number], number> = spy((x: number) => {
    if (x < 0) throw new RangeError("negative");
    return 2 * x;
  });
  strictEqual(double(4), 8);
  throws(() => double(-1), RangeError);
  deepStrictEqual(double.calls.map(({ args, returned }) => [args, returned]), [
    [[4], 8],
    [[-1], undefined],
  ]);
  assertSpyCalls(double, 2);
  assertSpyCall(double, 0, { args: [4], returned: 8 });
  assertSpyCall(double, 1, { error: { Class: RangeError, msgIncludes: "nega" } });
  strictEqual(double.restored, false);
  throws(() => double.restore(), MockError);
});

Deno.test("spy() without a function returns undefined", () => {
  const nothing = spy();
  strictEqual(nothing(1, "two"), undefined);
  assertSpyCall(nothing, 0, { args: [1, "two"], returned: undefined });
});

Deno.test("spy() on a method calls it and puts it back", () => {
  const counter = new Counter(1);
  const add = spy(counter, "add");
  strictEqual(counter.add(2), 3);
  assertSpyCall(add, 0, { args: [2], self: counter, returned: 3 });
  throws(() => spy(counter, "add"), MockError);
  add.restore();
  strictEqual(add.restored, true);
  strictEqual(Object.hasOwn(counter, "add"), false);
  throws(() => add.restore(), MockError);
  strictEqual(counter.add(1), 4);
  assertSpyCalls(add, 1);
});

Deno.test("spy() refuses a property that is no method", () => {
  throws(() => spy(new Counter(1), "value"), MockError);
});

Deno.test("stub() replaces a method until it is disposed", () => {
  const counter = new Counter(1);
  {
    using add = stub(counter, "add", (by) => 100 + by);
    strictEqual(counter.add(2), 102);
    assertSpyCalls(add, 1);
    strictEqual(counter.value, 1);
    strictEqual(add.original, Counter.prototype.add);
  }
  {
    using _add = stub(counter, "add");
    strictEqual(counter.add(2), undefined);
  }
  strictEqual(counter.add(2), 3);
});

Deno.test("assertions fail with an AssertionError", async () => {
  const one = spy((x: number) => x);
  one(1);
  throws(() => assertSpyCalls(one, 2), AssertionError);
  throws(() => assertSpyCalls(one, 0), AssertionError);
  throws(() => assertSpyCall(one, 1), AssertionError);
  throws(() => assertSpyCall(one, 0, { args: [2] }), AssertionError);
  throws(() => assertSpyCall(one, 0, { returned: 2 }), AssertionError);
  throws(() => assertSpyCall(one, 0, { error: {} }), AssertionError);
  throws(() => assertSpyCall(one, 0, { self: {} }), AssertionError);
  throws(() => assertSpyCallArg(one, 0, 0, 2), AssertionError);
  throws(() => assertSpyCallArgs(one, 0, [2]), AssertionError);
  throws(() => assertSpyCall(one, 0, { returned: 1, error: {} }), TypeError);
  const notAsync = one as unknown as Spy<unknown, [number], Promise<number>>;
  await rejects(assertSpyCallAsync(notAsync, 0), AssertionError);
});

Deno.test("assertSpyCallArgs() compares a part of the arguments and returns it", () => {
  const call = spy();
  call("a", "b", "c");
  strictEqual(assertSpyCallArg(call, 0, 1, "b"), "b");
  deepStrictEqual(assertSpyCallArgs(call, 0, ["a", "b", "c"]), ["a", "b", "c"]);
  deepStrictEqual(assertSpyCallArgs(call, 0, 1, ["b", "c"]), ["b", "c"]);
  deepStrictEqual(assertSpyCallArgs(call, 0, 1, 2, ["b"]), ["b"]);
});

Deno.test("assertSpyCallAsync() looks into the promise", async () => {
  const call = spy((x: number) => x > 0 ? Promise.resolve(x) : Promise.reject(new Error("zero")));
  await call(1);
  await rejects(call(0));
  await assertSpyCallAsync(call, 0, { args: [1], returned: 1 });
  await assertSpyCallAsync(call, 1, { error: { msgIncludes: "zero" } });
  await rejects(assertSpyCallAsync(call, 0, { returned: 2 }), AssertionError);
  await rejects(assertSpyCallAsync(call, 1, { returned: 1 }), AssertionError);
});

Deno.test("returnsNext() and resolvesNext() give their values in turn", async () => {
  const next = returnsNext([1, new RangeError("two"), 3]);
  strictEqual(next(), 1);
  throws(next, RangeError);
  strictEqual(next(), 3);
  throws(next, { name: "MockError", message: "Not expected to be called more than 3 time(s)" });

  const resolve = resolvesNext([1, new RangeError("two"), Promise.resolve(3)]);
  strictEqual(await resolve(), 1);
  await rejects(resolve(), RangeError);
  strictEqual(await resolve(), 3);
  await rejects(resolve(), MockError);
});

Deno.test("returnsThis(), returnsArg() and returnsArgs() give what they were called with", () => {
  const self = { itself: returnsThis() };
  strictEqual(self.itself(), self);
  strictEqual(returnsArg<string>(1)("a", "b"), "b");
  deepStrictEqual(returnsArgs<string[]>(1, 3)("a", "b", "c", "d"), ["b", "c"]);
});

Deno.test("restore() and sessions put back what was replaced in them", async () => {
  const counter = new Counter(0);
  const session = mockSession();
  stub(counter, "add");
  restore(session);
  strictEqual(counter.add(1), 1);
  mockSession(() => stub(counter, "add"))();
  strictEqual(counter.add(1), 2);
  await mockSessionAsync(() => Promise.resolve(stub(counter, "add")))();
  strictEqual(counter.add(1), 3);
});
