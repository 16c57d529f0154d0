/**
 * A process that takes a mutex and writes to a key as long as it holds it, for tests that pause it. It looks
 * whether it still holds it before each piece of work, of several writes, and not before each write, as
 * programs do. It prints what happens as lines of JSON.
 */
import { Primitives, StaleTokenError } from "../../primitives/mod.ts";
import { z } from "zod";

/** What such a process is told, as JSON in its one argument. */
export interface StaleHolderConfig {
  kubeconfig: string;
  namespace: string;
  mutex: string;
  bucket: string;
  key: string;
  /** Whether its writes carry the token. */
  fenced: boolean;
  leaseDuration: number;
}

/** What it prints. */
export type StaleHolderLine =
  | { line: "held"; token: number }
  /** A write was refused. */
  | { line: "refused"; token: number }
  /** It found out that the mutex was lost, after that many pieces of work. */
  | { line: "lost"; token: number; pieces: number };

/** What it writes. */
export const WRITTEN = z.object({ token: z.int(), n: z.int() });

/** Writes before it looks whether it still holds the mutex. */
const PIECE = 10;

if (import.meta.main) {
  const { mutex, bucket, key, fenced, ...options }: StaleHolderConfig = JSON.parse(Deno.args[0]!);
  await using primitives = await Primitives.create({
    ...options,
    budget: { perSecond: 1_000, burst: 1_000 },
  });
  primitives.onError(() => {}); // of what is tried again
  const lock = primitives.mutex(mutex);
  const values = primitives.keyValue(bucket, WRITTEN);
  for (;;) {
    const held = await lock.acquire();
    const { token } = held;
    say({ line: "held", token });
    let pieces = 0;
    try {
      for (let n = 0; !held.signal.aborted; pieces++) {
        for (let i = 0; i < PIECE; i++, n++) {
          await values.put(key, { token, n }, fenced ? { fence: held } : {});
        }
      }
      say({ line: "lost", token, pieces });
    } catch (error) {
      if (!(error instanceof StaleTokenError)) throw error;
      say({ line: "refused", token });
    }
    await held.release();
  }
}

function say(line: StaleHolderLine): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}
