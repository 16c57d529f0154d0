/**
 * The latency of small asks without and beside one that misbehaves, in milliseconds:
 *
 *     deno run -A --no-check messaging/isolation_bench.ts
 *
 * It is a program and no `Deno.bench`, which does not tell the latencies of what is in an iteration.
 *
 * @module
 */
import {
  besideFlood,
  besideLarge,
  besideStandstill,
  besideStrangers,
  type Scene,
} from "./testdata/isolation.ts";
import { at } from "./testdata/latencies.ts";

function row({ quiet, beside }: Scene, note: string): Record<string, string | number> {
  const ms = (sorted: readonly number[], part: number) => Number(at(sorted, part).toPrecision(3));
  return {
    "p50 without": ms(quiet, 0.5),
    "p99 without": ms(quiet, 0.99),
    "p50 beside": ms(beside, 0.5),
    "p99 beside": ms(beside, 0.99),
    "max beside": ms(beside, 1),
    "asks": beside.length,
    note,
  };
}

if (import.meta.main) {
  const standstill = await besideStandstill(4_000);
  const large = await besideLarge(15 * 1024 * 1024);
  const flood = await besideFlood();
  const strangers = await besideStrangers(100);
  console.table({
    "one of 3 workers stands still": row(standstill, `${standstill.stuck} asks stuck`),
    "15 MiB there and back": row(large, `took ${Math.round(large.ms)} ms`),
    "a caller floods": row(flood, `cut: ${flood.end.message}`),
    "100 strangers flood": row(strangers, `${strangers.cut} cut`),
  });
}
