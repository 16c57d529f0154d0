import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { EventStream } from "./event_stream.ts";

async function all(stream: EventStream<number>): Promise<number[]> {
  const values: number[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

Deno.test("EventStream.push() waits until the consumer has taken the event", async () => {
  const stream = new EventStream<number>(() => {});
  let taken = false;
  const pushed = stream.push(1).then(() => taken = true);
  await Promise.resolve();
  strictEqual(taken, false);
  deepStrictEqual(await stream.next(), { done: false, value: 1 });
  await pushed;
  strictEqual(taken, true);
});

Deno.test("EventStream.next() waits for an event", async () => {
  const stream = new EventStream<number>(() => {});
  const [first, second] = [stream.next(), stream.next()];
  await stream.push(1);
  await stream.push(2);
  deepStrictEqual([await first, await second], [
    { done: false, value: 1 },
    { done: false, value: 2 },
  ]);
});

Deno.test("EventStream.end() lets the consumer have what is left", async () => {
  let returned = 0;
  const stream = new EventStream<number>(() => void returned++);
  void stream.push(1);
  stream.flush();
  await stream.push(2);
  stream.end();
  await stream.push(3);
  deepStrictEqual(await all(stream), [1, 2]);
  strictEqual(returned, 1);
});

Deno.test("EventStream.end() wakes who waits", async () => {
  const stream = new EventStream<number>(() => {});
  const next = stream.next();
  stream.end();
  deepStrictEqual(await next, { done: true, value: undefined });
});

Deno.test("EventStream.end() tells an error once, after what is left", async () => {
  const stream = new EventStream<number>(() => {});
  void stream.push(1);
  stream.end({ error: new Error("gone") });
  deepStrictEqual(await stream.next(), { done: false, value: 1 });
  await rejects(() => stream.next(), { message: "gone" });
  deepStrictEqual(await stream.next(), { done: true, value: undefined });
});

Deno.test("EventStream releases its producers when the consumer breaks", async () => {
  let returned = 0;
  const stream = new EventStream<number>(() => void returned++);
  const pushes = [stream.push(1), stream.push(2), stream.push(3)];
  for await (const value of stream) {
    strictEqual(value, 1);
    break;
  }
  await Promise.all(pushes);
  await stream.push(4);
  strictEqual(returned, 1);
  deepStrictEqual(await stream.next(), { done: true, value: undefined });
});
