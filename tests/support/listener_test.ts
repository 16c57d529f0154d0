// The validators of the chaos tests can fail: a feed that is broken on purpose is found out.
import { deepStrictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { Listener } from "./listener.ts";
import type { HeardLine, ReplicaLine } from "./replica.ts";
import type { SeenPod } from "./seen_pod.ts";

const PODS = 20;

type Recorded = [type: "added" | "modified" | "deleted", pod: SeenPod];

function pod(name: number, resourceVersion: number, step: number): SeenPod {
  return {
    metadata: {
      name: `w-${name}`,
      namespace: "n",
      uid: `uid-${name}`,
      resourceVersion: `${resourceVersion}`,
    },
    visible: JSON.stringify({ step }),
  };
}

/** Pods that come, change and go, by a seed; the last ones stay. */
function history(seed: number): Recorded[] {
  const random = seededRandom(seed);
  const record: Recorded[] = [];
  const present = new Map<number, SeenPod>();
  for (let version = 1; version <= 300; version++) {
    const name = Math.floor(random() * PODS);
    const before = present.get(name);
    const next = pod(name, version, version);
    if (before === undefined && record.some(([, { metadata }]) => metadata.uid === `uid-${name}`)) {
      continue; // its name is not used again
    }
    if (before !== undefined && name < PODS / 2 && random() < 0.1) {
      record.push(["deleted", { ...next, visible: before.visible }]);
      present.delete(name);
    } else {
      record.push([before === undefined ? "added" : "modified", next]);
      present.set(name, next);
    }
  }
  return record;
}

function heard([type, source]: Recorded, replayed = false): HeardLine {
  return { line: "heard", type: type === "deleted" ? "deleted" : "ready", replayed, source };
}

/** What a replica prints that leads, loses its lease towards the end, and leads again. */
function faultless(record: Recorded[]): ReplicaLine[] {
  const middle = record.length - 10; // after it not all pods change once more
  const present = new Map<string, Recorded>();
  for (const change of record.slice(0, middle)) {
    if (change[0] === "deleted") present.delete(change[1].metadata.uid);
    else present.set(change[1].metadata.uid, change);
  }
  return [
    { line: "leading", token: 1, at: 0 },
    ...record.slice(0, middle).map((change) => heard(change)),
    { line: "lost" },
    { line: "leading", token: 2, at: 0 },
    ...[...present.values()].map((change) => heard(change, true)),
    ...record.slice(middle).map((change) => heard(change)),
  ];
}

function listen(lines: ReplicaLine[], record: Recorded[]): Listener {
  const listener = new Listener({ lines: () => lines });
  for (const [type, seen] of record) listener.record(type, seen);
  return listener;
}

/** Which promises are broken. */
function broken(lines: ReplicaLine[], record: Recorded[], leads = true): string[] {
  const violations = listen(lines, record).violations({ leads });
  return [...new Set(violations.map(({ property }) => property))].sort();
}

/** Breaks a feed. */
type Break = (lines: ReplicaLine[]) => ReplicaLine[];

function indexOfHeard(lines: ReplicaLine[], is: (line: HeardLine) => boolean): number {
  return lines.findIndex((line) => line.line === "heard" && is(line));
}

const BROKEN: [how: string, breaks: Break, found: string[]][] = [
  ["drops deletions", (lines) => lines.filter((l) => l.line !== "heard" || l.type !== "deleted"), [
    "reliable",
    "resumable",
  ]],
  ["tells an event twice", (lines) => {
    const at = indexOfHeard(lines, ({ replayed }) => !replayed);
    return lines.toSpliced(at, 0, lines[at]!);
  }, ["unique"]],
  ["tells a state that there never was", (lines) => {
    const at = indexOfHeard(lines, () => true);
    const line = lines[at] as HeardLine;
    return lines.with(at, { ...line, source: { ...line.source, visible: "{}" } });
  }, ["atomic"]],
  ["goes back to an older state", (lines) => {
    const at = indexOfHeard(lines, ({ type }) => type === "ready");
    return [...lines, { ...lines[at] as HeardLine, replayed: true }];
  }, ["ordered", "reliable"]],
  ["tells nothing again", (lines) => lines.filter((l) => l.line !== "heard" || !l.replayed), [
    "resumable",
  ]],
  ["ends before the end", (lines) => lines.slice(0, -8), ["reliable"]],
];

Deno.test("Listener finds nothing in a feed that keeps its promises", () => {
  for (const seed of [1, 2, 3]) {
    const record = history(seed);
    deepStrictEqual(broken(faultless(record), record), []);
  }
});

for (const [how, breaks, found] of BROKEN) {
  Deno.test(`Listener finds it when a feed ${how}`, () => {
    const record = history(1);
    deepStrictEqual(broken(breaks(faultless(record)), record), found);
  });
}

Deno.test("Listener asks of who does not lead only for what it did hear", () => {
  const record = history(1);
  const lines = faultless(record);
  deepStrictEqual(broken(lines.slice(0, -8), record, false), []);
  deepStrictEqual(broken([...lines, lines[1]!], record, false), ["ordered", "unique"]);
});

Deno.test("Listener.interrupted() asks for all to be told again, bookmark() for what there is", () => {
  const record = history(1);
  const listener = listen(faultless(record), record);
  listener.bookmark("300");
  deepStrictEqual(listener.violations({ leads: true }), []);
  listener.interrupted();
  const [violation] = listener.violations({ leads: true });
  deepStrictEqual(violation?.property, "resumable");
});
