import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { seededRandom } from "../testing/mod.ts";
import type { ByteConnection } from "./byte_connection.ts";
import { FrameSender } from "./frame_sender.ts";
import { FrameDecoder, OPCODES } from "./frames.ts";

/** A connection that takes bytes when it is told to. */
class Slow implements ByteConnection {
  readonly writes: Uint8Array[] = [];
  #taking?: PromiseWithResolvers<void>;

  write(bytes: Uint8Array): Promise<void> {
    this.writes.push(bytes.slice());
    this.#taking = Promise.withResolvers();
    return this.#taking.promise;
  }

  take(): void {
    this.#taking!.resolve();
  }

  fail(error: Error): void {
    this.#taking!.reject(error);
  }

  read = () => Promise.resolve(undefined);
  close(): void {}
}

const toError = (error: unknown) => error as Error;

function texts(bytes: Uint8Array): string[] {
  const frames = new FrameDecoder(10_000_000).push(bytes);
  return frames.map(({ payload }) => new TextDecoder().decode(payload));
}

Deno.test("FrameSender.send() writes at once, and what comes meanwhile in one piece", async () => {
  const conn = new Slow();
  const sender = new FrameSender(conn, { toError });
  const first = sender.send(OPCODES.text, "a");
  deepStrictEqual(texts(conn.writes[0]!), ["a"]);
  const bytes = new TextEncoder().encode("c");
  const others = [sender.send(OPCODES.text, "b"), sender.send(OPCODES.binary, bytes)];
  bytes[0] = 0; // may be changed again
  strictEqual(sender.buffered, 3 * 7);
  conn.take();
  await first;
  deepStrictEqual(texts(conn.writes[1]!), ["b", "c"]);
  conn.take();
  await Promise.all(others);
  strictEqual(sender.buffered, 0);
  strictEqual(conn.writes.length, 2);
});

Deno.test("FrameSender.send() encodes texts of any length and script", async () => {
  const conn = new Slow();
  const sender = new FrameSender(conn, { toError });
  const random = seededRandom(5);
  const sizes = [0, 1, 40, 41, 42, 62, 63, 124, 125, 126, 4_095, 4_097, 21_845, 65_535, 65_536];
  const sent = sizes.flatMap((size) =>
    ["x", "é", "漢", "🎭"].map((letter) =>
      Array.from({ length: size }, () => random() < 0.5 ? "a" : letter).join("")
    )
  );
  const sending = sent.map((text) => sender.send(OPCODES.text, text));
  conn.take();
  await sending[0];
  conn.take();
  await Promise.all(sending);
  deepStrictEqual(conn.writes.flatMap(texts), sent);
});

Deno.test("FrameSender.send() rejects what a write failed to take, and only that", async () => {
  const conn = new Slow();
  const sender = new FrameSender(conn, { toError: (error) => new Error(`told: ${error}`) });
  const first = rejects(sender.send(OPCODES.text, "a"), /told: Error: broken/);
  const second = sender.send(OPCODES.text, "b");
  conn.fail(new Error("broken"));
  await first;
  conn.take();
  await second;
});

Deno.test("FrameSender tells when the system takes nothing for too long", async () => {
  using time = new FakeTime();
  let stuck = 0;
  const conn = new Slow();
  const sender = new FrameSender(conn, { timeout: 1_000, onStuck: () => stuck++, toError });
  for (const expected of [0, 1]) {
    const sent = sender.send(OPCODES.text, "a");
    await time.tickAsync(expected ? 1_000 : 999);
    conn.take();
    await sent;
    await time.tickAsync(5_000);
    strictEqual(stuck, expected);
  }
});
