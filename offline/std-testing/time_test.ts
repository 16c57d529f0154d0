import { deepStrictEqual, ok as assert, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime, TimeError } from "@std/testing/time";

Deno.test("FakeTime replaces the clock and the timers until it is disposed", () => {
  const before = [Date, setTimeout, setInterval, clearTimeout, clearInterval, AbortSignal.timeout];
  {
    using time = new FakeTime(1_000);
    strictEqual(Date.now(), 1_000);
    strictEqual(new Date().valueOf(), 1_000);
    strictEqual(time.start, 1_000);
    time.tick(500);
    strictEqual(time.now, 1_500);
    strictEqual(time.start, 1_000);
    strictEqual(Date(), new Date(1_500).toString());
  }
  const after = [Date, setTimeout, setInterval, clearTimeout, clearInterval, AbortSignal.timeout];
  deepStrictEqual(after, before);
});

Deno.test("FakeTime takes a number, a string, a date or nothing as its start", () => {
  for (const start of [86_400_000.7, "1970-01-02T00:00:00Z", new Date(86_400_000)]) {
    using time = new FakeTime(start);
    strictEqual(time.now, 86_400_000);
  }
  const before = Date.now();
  using time = new FakeTime();
  assert(time.now >= before);
});

Deno.test("FakeTime refuses an invalid start, a second clock and a second restore", () => {
  throws(() => new FakeTime("never"), TypeError);
  const time = new FakeTime();
  throws(() => new FakeTime(), TimeError);
  FakeTime.restore();
  throws(() => time.restore(), TimeError);
  throws(() => FakeTime.restore(), TimeError);
});

Deno.test("Date keeps its other faces while it is faked", () => {
  using _time = new FakeTime(0);
  assert(new Date(5) instanceof Date);
  strictEqual(Date.UTC(1970, 0, 2), 86_400_000);
  strictEqual(Date.parse("1970-01-01T00:00:01Z"), 1_000);
  strictEqual(new Date(1970, 0, 1, 3).getHours(), 3);
});

Deno.test("tick() runs what is due, in order of due time and then of setting", () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  const note = (what: string) => log.push(`${what}@${Date.now()}`);
  setTimeout(note, 20, "late");
  setTimeout(note, 10, "first");
  setTimeout(note, 10, "second");
  setTimeout(() => setTimeout(note, 5, "nested"), 10);
  const interval = setInterval(note, 8, "interval");
  time.tick(16);
  deepStrictEqual(log, ["interval@8", "first@10", "second@10", "nested@15", "interval@16"]);
  clearInterval(interval);
  time.tick(100);
  deepStrictEqual(log.slice(5), ["late@20"]);
  strictEqual(time.now, 116);
});

Deno.test("clearTimeout() works from within a timer of the same time", () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  setTimeout(() => clearTimeout(second), 10);
  const second = setTimeout(() => log.push("second"), 10);
  time.tick(10);
  clearTimeout(second);
  clearTimeout(undefined);
  deepStrictEqual(log, []);
});

Deno.test("an interval can clear itself and has a period of at least 1 ms", () => {
  using time = new FakeTime(0);
  let count = 0;
  const interval = setInterval(() => ++count === 3 && clearInterval(interval), 0);
  time.tick(2);
  strictEqual(count, 2);
  time.tick(10);
  strictEqual(count, 3);
});

Deno.test("now stops at a timer that throws", () => {
  using time = new FakeTime(0);
  setTimeout(() => {
    throw new RangeError("boom");
  }, 10);
  throws(() => time.tick(50), RangeError);
  strictEqual(time.now, 10);
  time.tick(1);
  strictEqual(time.now, 11);
});

Deno.test("now cannot be set back", () => {
  using time = new FakeTime(10);
  throws(() => time.now = 9, RangeError);
});

Deno.test("next() goes to the next timer and says whether there was one", async () => {
  using time = new FakeTime(0);
  strictEqual(time.next(), false);
  let ran = 0;
  clearTimeout(setTimeout(() => ran++, 5));
  setTimeout(() => ran++, 70);
  Promise.resolve().then(() => setTimeout(() => ran++, 30));
  strictEqual(await time.nextAsync(), true);
  deepStrictEqual([time.now, ran], [30, 1]);
  strictEqual(time.next(), true);
  deepStrictEqual([time.now, ran], [70, 2]);
  strictEqual(await time.nextAsync(), false);
});

Deno.test("runAll() and runAllAsync() go on until no timer is left", async () => {
  using time = new FakeTime(0);
  let count = 0;
  const again = () => ++count < 3 && setTimeout(again, 10);
  setTimeout(again, 10);
  time.runAll();
  deepStrictEqual([time.now, count], [30, 3]);

  setTimeout(async () => {
    await Promise.resolve();
    setTimeout(() => count++, 10);
  }, 10);
  await time.runAllAsync();
  deepStrictEqual([time.now, count], [50, 4]);
});

Deno.test("tickAsync() lets promises settle first", async () => {
  using time = new FakeTime(0);
  let fired = false;
  const waiter = (async () => {
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 10));
    fired = true;
  })();
  await time.tickAsync(10);
  await time.runMicrotasks();
  strictEqual(fired, true);
  await waiter;
});

Deno.test("delay() waits in real time and can be aborted", async () => {
  using time = new FakeTime(0);
  await time.delay(1);
  strictEqual(time.now, 0);
  await rejects(time.delay(1, { signal: AbortSignal.abort() }), { name: "AbortError" });
  const controller = new AbortController();
  const waiting = time.delay(60_000, { signal: controller.signal });
  await time.delay(1);
  controller.abort();
  await rejects(waiting, { name: "AbortError" });
});

Deno.test("restoreFor() gives the real clock to a callback", async () => {
  await rejects(FakeTime.restoreFor(() => 1), TimeError);
  using _time = new FakeTime(0);
  assert(await FakeTime.restoreFor(() => Date.now()) > 0);
  assert(await FakeTime.restoreFor(async () => await Promise.resolve(Date.now())) > 0);
  strictEqual(await FakeTime.restoreFor((a: number, b: number) => a + b, 1, 2), 3);
  await rejects(
    FakeTime.restoreFor(() => {
      throw new RangeError("boom");
    }),
    RangeError,
  );
  strictEqual(Date.now(), 0);
});

Deno.test("AbortSignal.timeout() follows the fake clock", () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(1_000);
  time.tick(999);
  strictEqual(signal.aborted, false);
  time.tick(1);
  strictEqual(signal.aborted, true);
  strictEqual(signal.reason.name, "TimeoutError");
});

Deno.test("setTimeout() refuses a text as its callback", () => {
  using _time = new FakeTime();
  throws(() => setTimeout("1 + 1" as unknown as () => void), TimeError);
});
