/**
 * What an entry of the flight recorder costs beside a push to an array:
 *
 *     deno bench -A coordinator/recorder/recorder_bench.ts
 *
 * An iteration is 1,000 entries, so that microseconds an iteration are nanoseconds an entry.
 *
 * @module
 */
import type { EntryData } from "./entries.ts";
import { FlightRecorder } from "./flight_recorder.ts";

const ENTRIES = 1_000;

/** Made anew for each entry, as a caller does. */
function data(i: number): EntryData {
  return {
    kind: "change",
    object: { kind: "Pod", namespace: "default", name: "worker-6c9f7d8b5-x2x4z" },
    type: "modified",
    resourceVersion: String(i),
  };
}

Deno.bench({
  name: "array push",
  group: "record",
  baseline: true,
  fn() {
    const array: EntryData[] = [];
    for (let i = 0; i < ENTRIES; i++) array.push(data(i));
  },
});

const full = new FlightRecorder();
for (let i = 0; i < 20_000; i++) full.record(data(i));

Deno.bench({
  name: "FlightRecorder.record, full",
  group: "record",
  fn() {
    for (let i = 0; i < ENTRIES; i++) full.record(data(i));
  },
});

Deno.bench({
  name: "FlightRecorder.record, full, within a cause",
  group: "record",
  fn() {
    full.within(full.lastId, () => {
      for (let i = 0; i < ENTRIES; i++) full.record(data(i));
    });
  },
});
