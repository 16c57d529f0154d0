import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { Frame } from "./frame.ts";
import { MessageReader } from "./message_reader.ts";
import { MessageWriter, type TextSink } from "./message_writer.ts";

const FRAME_BYTES = 16 * 1024 * 1024;

/** A socket that takes as much as the test lets it. */
class Sink implements TextSink {
  readonly sent: string[] = [];
  queuedBytes = 0;
  slow = false;
  #waiting: (() => void)[] = [];

  send(message: string): void {
    this.sent.push(message);
    if (this.slow) this.queuedBytes += message.length;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async drain(): Promise<void> {
    this.queuedBytes = 0;
    for (const resolve of this.#waiting.splice(0)) resolve();
    await tick();
  }
}

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const read = (reader: MessageReader, messages: readonly string[]) =>
  messages.flatMap((message) => reader.read(message, 0));
const item = (id: number, n: number, length = 1): Frame => ({
  t: "item",
  id,
  n,
  item: "x".repeat(length),
});

Deno.test("MessageWriter.send() makes one message of what one tick says, urgent frames first", async () => {
  const sink = new Sink();
  const writer = new MessageWriter(sink, FRAME_BYTES);
  writer.send(item(1, 1));
  writer.send(item(1, 2));
  await tick();
  writer.send(item(2, 1));
  writer.sendUrgent({ t: "pong", n: 1 });
  await tick();
  deepStrictEqual(sink.sent, [
    '[{"t":"item","id":1,"n":1,"item":"x"},{"t":"item","id":1,"n":2,"item":"x"}]',
    '[{"t":"pong","n":1},{"t":"item","id":2,"n":1,"item":"x"}]',
  ]);
  strictEqual(writer.queuedBytes, 0);
});

Deno.test("MessageWriter.send() lets short frames pass by long ones, and long ones take turns", async () => {
  const sink = new Sink();
  sink.slow = true;
  const writer = new MessageWriter(sink, FRAME_BYTES);
  const reader = new MessageReader("both");
  const long = 15 * 1024 * 1024;
  for (let id = 1; id <= 6; id++) writer.send(item(id, 1, id === 1 ? long : 500_000));
  await tick();
  const order: number[] = [];
  for (let at = 0; order.length < 6; at++) {
    writer.send(item(100 + at, 1));
    const before = sink.sent.length;
    await sink.drain();
    const frames = read(reader, sink.sent.splice(0, before));
    for (const frame of frames) if ("id" in frame && frame.id < 100) order.push(frame.id);
    await tick();
    const waiting = sink.sent.join();
    ok(waiting.includes(`"id":${100 + at},`) || frames.some((f) => "id" in f && f.id === 100 + at));
    ok(waiting.length < 600_000);
    if (at > 100) throw new Error("it does not end");
  }
  deepStrictEqual([...order.slice(0, 3)].sort(), [2, 3, 4]); // a reader takes four at once
  strictEqual(order.at(-1), 1);
});

Deno.test("MessageWriter.send() keeps the order of what belongs together, whatever is long", async () => {
  const random = seededRandom(11);
  for (let round = 0; round < 5; round++) {
    const sink = new Sink();
    sink.slow = random() < 0.5;
    const writer = new MessageWriter(sink, FRAME_BYTES);
    const counts = new Map<number, number>();
    for (let i = 0; i < 60; i++) {
      const id = Math.floor(random() * 6);
      const n = (counts.get(id) ?? 0) + 1;
      counts.set(id, n);
      const units = random() < 0.2 ? 70_000 + Math.floor(random() * 300_000) : 10;
      // quotes and backslashes grow as a part, pairs of surrogates must not be cut
      const of = random() < 0.5 ? "😀a" : '"\\';
      writer.send({ t: "item", id, n, item: of.repeat(units / of.length) });
      if (random() < 0.2) await tick();
      if (random() < 0.1) await sink.drain();
    }
    while (writer.queuedBytes > 0) await sink.drain();
    const next = new Map<number, number>();
    const frames = read(new MessageReader("both"), sink.sent);
    strictEqual(frames.length, 60);
    for (const frame of frames) {
      if (frame.t !== "item") throw new Error("no item");
      const n = (next.get(frame.id) ?? 0) + 1;
      strictEqual(frame.n, n);
      next.set(frame.id, n);
      ok((frame.item as string).isWellFormed());
    }
    for (const message of sink.sent) ok(message.isWellFormed());
  }
});

Deno.test("MessageWriter.send() lets nothing overtake a long resume", async () => {
  const sink = new Sink();
  const writer = new MessageWriter(sink, FRAME_BYTES);
  writer.send({ t: "resume", calls: Array.from({ length: 20_000 }, (_, id) => ({ id })) });
  writer.send({ t: "call", id: 5, method: "m" });
  writer.send({ t: "cancel", id: 6 });
  await tick();
  ok(sink.sent.length > 3);
  deepStrictEqual(
    read(new MessageReader("both"), sink.sent).map(({ t }) => t),
    ["resume", "call", "cancel"],
  );
});

Deno.test("MessageWriter.send() throws when a frame is longer than the other side takes", () => {
  const writer = new MessageWriter(new Sink(), 100_000);
  writer.send({ t: "done", id: 1, output: "x".repeat(90_000) });
  throws(
    () => writer.send({ t: "done", id: 1, output: "é".repeat(70_000) }),
    /^RangeError: Cannot send an output: it has more than 100000 bytes as JSON, which is as many/,
  );
});

Deno.test("MessageWriter.writable() resolves once little waits, or it is closed", async () => {
  const sink = new Sink();
  sink.slow = true;
  const writer = new MessageWriter(sink, FRAME_BYTES);
  await writer.writable();
  for (let i = 0; i < 30; i++) writer.send(item(i, 1, 50_000));
  ok(writer.queuedBytes > 1_500_000);
  let writable = false;
  writer.writable().then(() => writable = true);
  await tick();
  strictEqual(writable, false);
  ok(sink.queuedBytes < 600_000);
  await sink.drain();
  await sink.drain();
  strictEqual(writable, true);

  for (let i = 0; i < 60; i++) writer.send(item(i, 1, 50_000));
  await tick();
  const closed = writer.writable();
  writer.close();
  await closed;
  strictEqual(writer.queuedBytes, sink.queuedBytes);
});

Deno.test("MessageWriter.close() sends what is short, then the last frame, then nothing", async () => {
  const sink = new Sink();
  const writer = new MessageWriter(sink, FRAME_BYTES);
  writer.send(item(1, 1));
  writer.send(item(2, 1, 100_000));
  writer.close({ t: "bye", code: "stopping", message: "m" });
  writer.send(item(3, 1));
  await tick();
  deepStrictEqual(read(new MessageReader("both"), sink.sent), [item(1, 1), {
    t: "bye",
    code: "stopping",
    message: "m",
  }]);
});

Deno.test("MessageWriter.flushed() resolves when the socket has taken also what is long, or it is closed", async () => {
  const sink = new Sink();
  sink.slow = true;
  const writer = new MessageWriter(sink, FRAME_BYTES);
  writer.send(item(1, 1, 2 ** 20));
  let flushed = false;
  const all = writer.flushed().then(() => flushed = true);
  await tick();
  ok(!flushed && sink.sent.length > 0);
  while (!flushed) await sink.drain();
  await all;
  deepStrictEqual(read(new MessageReader("both"), sink.sent), [item(1, 1, 2 ** 20)]);

  writer.send(item(1, 2, 2 ** 20));
  const given = writer.flushed();
  await tick();
  writer.close({ t: "bye", code: "stopping", message: "the test ends" });
  await sink.drain();
  await given;
});
