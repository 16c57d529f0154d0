import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { type Entry, sizeOf } from "./entry.ts";
import { Head, type LeafReference } from "./head.ts";
import { MAX_LEAF_BYTES, MAX_MERGED_LEAVES, MERGE_FROM_BYTES, MIN_LEAF_BYTES } from "./limits.ts";
import { isWithin, mergeRange, planMerge, replaceLeaves } from "./merge_plan.ts";

/** A head with leaves that begin with these keys, and entries of so many bytes. */
function headOf(
  leaves: [from: string, bytes: number][],
  entries: [key: string, bytes: number][],
): Head {
  const table = leaves.map(([from, bytes], index) => ({ id: `leaf-${index}`, from, bytes }));
  const draft = Head.fromJson({ id: "x", seq: 0, base: 0, bytes: 0, leaves: table, entries: [] })
    .edit(0);
  for (const [key, bytes] of entries) draft.set(key, bytes === 0 ? undefined : ["-".repeat(bytes)]);
  return draft;
}

const KIB = 1024;

Deno.test("planMerge() chooses what gets the most, until half of what is allowed is left", () => {
  const full: [string, number][] = ["", "b", "c", "d"].map((from) => [from, 400 * KIB]);
  const head = headOf(full, [["a", 5 * KIB], ["bb", 50 * KIB], ["cc", 10 * KIB], ["dd", 12 * KIB]]);
  const ranges = planMerge(head);
  deepStrictEqual(ranges.map(({ first, end, from, to }) => [first, end, from, to]), [[
    1,
    2,
    "b",
    "c",
  ]]);
  deepStrictEqual(ranges[0]!.entries.map(([key]) => key), ["bb"]);
});

Deno.test("planMerge() joins small leaves with those beside them", () => {
  const head = headOf(
    [["", 400 * KIB], ["b", 10 * KIB], ["c", 10 * KIB], ["d", 400 * KIB]],
    [["bb", 60 * KIB], ["dd", KIB]],
  );
  deepStrictEqual(planMerge(head).map(({ first, end, to }) => [first, end, to]), [[1, 3, "d"]]);
});

Deno.test("planMerge() takes a few leaves at a time of many", () => {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const leaves: [string, number][] = letters.map((it, index) => [index === 0 ? "" : it, 400 * KIB]);
  const head = headOf(leaves, letters.map((it) => [`${it}-`, 10 * KIB]));
  const ranges = planMerge(head);
  strictEqual(ranges.reduce((sum, { first, end }) => sum + end - first, 0), MAX_MERGED_LEAVES);
});

Deno.test("planMerge() makes no leaf when it is enough to forget deletions", () => {
  const deletions: [string, number][] = Array.from(
    { length: 100 },
    (_, i) => [`${i}`.padEnd(512, "-"), 0],
  );
  deepStrictEqual(planMerge(headOf([], [["a", 8 * KIB], ...deletions])), []);
});

Deno.test("mergeRange() lets the newer entries count, and drops deletions", () => {
  const head = headOf([["", 10]], [["a", 3], ["b", 0], ["d", 2]]);
  const range = { first: 0, end: 1, from: "", to: undefined, entries: [...head.entries.values()] };
  const old: Entry[] = [["a", 1, "old"], ["b", 1, "old"], ["c", 1, "old"]];
  const [piece, ...more] = mergeRange(range, old);
  deepStrictEqual(piece!.entries.map(([key, , data]) => [key, data]), [
    ["a", "---"],
    ["c", "old"],
    ["d", "--"],
  ]);
  deepStrictEqual([more.length, piece!.from], [0, ""]);
});

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`mergeRange() divides into leaves that are neither too large nor small, with seed ${seed}`, () => {
    const random = seededRandom(seed);
    const most = 10 ** (2 + random() * 3.4);
    const entries: [string, number][] = [];
    let sum = 0;
    while (sum < MERGE_FROM_BYTES + random() * 3_000 * KIB) {
      const bytes = Math.ceil(random() * most);
      entries.push([`key-${Math.floor(random() * 1e9)}`, bytes]);
      sum += bytes;
    }
    const head = headOf([], entries);
    const [range] = planMerge(head);
    const pieces = mergeRange(range!, []);
    const table = replaceLeaves([], [{
      range: range!,
      by: pieces.map(({ from, bytes }, index): LeafReference => ({ id: `${index}`, from, bytes })),
    }]);
    strictEqual(pieces.reduce((sum, it) => sum + it.entries.length, 0), head.entries.size);
    strictEqual(pieces.reduce((sum, { bytes }) => sum + bytes, 0), head.bytes);
    pieces.forEach(({ from, bytes, entries }, index) => {
      strictEqual(bytes, entries.reduce((sum, entry) => sum + sizeOf(entry), 0));
      ok(bytes <= MAX_LEAF_BYTES, `${bytes}`);
      ok(pieces.length === 1 || index === pieces.length - 1 || bytes >= MIN_LEAF_BYTES, `${bytes}`);
      const next = table[index + 1]?.from;
      ok(entries.every(([key]) => isWithin(key, { ...range!, from, to: next })));
    });
  });
}

Deno.test("replaceLeaves() lets the first leaf begin with the first key", () => {
  const leaves = ["", "b", "c"].map((from): LeafReference => ({ id: from, from, bytes: 1 }));
  const range = { first: 0, end: 1, from: "", to: "b", entries: [] };
  deepStrictEqual(replaceLeaves(leaves, [{ range, by: [] }]), [
    { id: "b", from: "", bytes: 1 },
    { id: "c", from: "c", bytes: 1 },
  ]);
});
