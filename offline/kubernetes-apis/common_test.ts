import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import * as c from "@cloudydeno/kubernetes-apis/common.ts";
import * as operations from "@cloudydeno/kubernetes-apis/operations.ts";
import * as standIn from "./common.ts";
import * as standInOperations from "./operations.ts";

Deno.test("checks accept their type and refuse all else", () => {
  strictEqual(c.checkStr("a"), "a");
  strictEqual(c.checkNum(0), 0);
  strictEqual(c.checkBool(false), false);
  deepStrictEqual(c.checkObj({ a: 1 }), { a: 1 });
  throws(() => c.checkStr(1), /Expected a string here, but got a number/);
  throws(() => c.checkNum("1"), /Expected a number here, but got a string/);
  throws(() => c.checkBool(null), /Expected a value here, but got null/);
  throws(() => c.checkObj([]), /Didn't expect an array/);
});

Deno.test("readOpt() and readList() and the maps read and write values", () => {
  strictEqual(c.readOpt(null, c.checkStr), null);
  strictEqual(c.readOpt(undefined, c.checkStr), undefined);
  deepStrictEqual(c.readList(["a"], c.checkStr), ["a"]);
  throws(() => c.readList({}, c.checkStr), /Expected an array/);
  const map = c.readMap({ a: "1" }, c.checkStr);
  deepStrictEqual({ ...map }, { a: "1" });
  strictEqual(Object.getPrototypeOf(map), null);
  const written = c.writeMap({ a: 1, b: null as unknown as number }, (x) => x + 1);
  deepStrictEqual({ ...written as object }, { a: 2 });
  strictEqual(c.writeMap(null, String), null);
});

Deno.test("toTime() and fromTime() convert times", () => {
  strictEqual(c.toTime("2026-07-31T12:00:00Z").valueOf(), Date.UTC(2026, 6, 31, 12));
  strictEqual(c.fromTime(new Date(1_500)), "1970-01-01T00:00:01.500Z");
  strictEqual(c.fromTime(2), "1970-01-01T00:00:02.000Z");
  strictEqual(c.fromTime(null), null);
  throws(() => c.toTime("2026-07-31"), /didn't see a "T"/);
  throws(() => c.toTime("Tomorrow"), /failed to parse/);
});

Deno.test("toMicroTime() keeps microseconds and demands a fraction", () => {
  const time = c.toMicroTime("2026-07-31T12:00:00.001234Z");
  strictEqual(time.micros, 1234);
  strictEqual(c.fromMicroTime(time), "2026-07-31T12:00:00.001234Z");
  strictEqual(c.fromMicroTime(new c.MicroTime(new Date(0), 5)), "1970-01-01T00:00:00.000005Z");
  throws(() => c.toMicroTime("2026-07-31T12:00:00Z"));
});

Deno.test("toQuantity() splits number and unit and drops decimals", () => {
  const parts = (text: string) => {
    const { number, suffix } = c.toQuantity(text);
    return [number, suffix];
  };
  deepStrictEqual(["128Mi", "1.5Gi", "100m", "2", "1e3", "12E"].map(parts), [
    [128, "Mi"],
    [1, "Gi"],
    [100, "m"],
    [2, ""],
    [1, "e3"],
    [12, "E"],
  ]);
  strictEqual(c.fromQuantity(new c.Quantity(64, "Ki")), "64Ki");
});

Deno.test("assertOrAddApiVersionAndKind() adds, accepts and refuses", () => {
  const pod = { apiVersion: "v1", kind: "Pod" } as const;
  deepStrictEqual(c.assertOrAddApiVersionAndKind({}, "v1", "Pod"), pod);
  deepStrictEqual(c.assertOrAddApiVersionAndKind(pod, "v1", "Pod", true), pod);
  throws(() => c.assertOrAddApiVersionAndKind({}, "v1", "Pod", true), /didn't have any API meta/);
  throws(() => c.assertOrAddApiVersionAndKind(pod, "v1", "Node"), /"v1\/Node".*given "v1\/Pod"/);
  const status = { apiVersion: "v1", kind: "Status", message: "pods is forbidden", code: 403 };
  throws(
    () => c.assertOrAddApiVersionAndKind(status, "v1", "Pod"),
    (error: Error & { status?: { code?: number } }) =>
      error.message === "Kubernetes says: pods is forbidden" && error.status?.code === 403,
  );
  strictEqual(c.isStatusKind(status), true);
  strictEqual(c.isStatusKind(pod), false);
  strictEqual(c.isStatusKind(null), false);
});

Deno.test("getPatchContentType() knows four types", () => {
  const types: c.PatchType[] = ["strategic-merge", "json-merge", "json-patch", "apply-patch"];
  deepStrictEqual(types.map(c.getPatchContentType), [
    "application/strategic-merge-patch+json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
  ]);
  throws(() => c.getPatchContentType("toString" as c.PatchType), /Unknown Kubernetes patch type/);
});

Deno.test("query strings hold the options that are set", () => {
  const all = {
    allowWatchBookmarks: true,
    continue: "abc",
    dryRun: "All",
    exact: false,
    export: true,
    fieldManager: "troupe",
    fieldSelector: "a=b",
    fieldValidation: "Strict",
    force: true,
    gracePeriodSeconds: 0,
    ignoreStoreReadErrorWithClusterBreakingPotential: false,
    labelSelector: "c in (d,e)",
    limit: 500,
    orphanDependents: false,
    propagationPolicy: "Background",
    resourceVersion: "0",
    resourceVersionMatch: "NotOlderThan" as const,
    sendInitialEvents: false,
    timeoutSeconds: 300,
    abortSignal: new AbortController().signal,
  };
  const names = Object.keys(operations).filter((name) => name.startsWith("format"));
  deepStrictEqual(names, Object.keys(standInOperations));
  for (const name of names as (keyof typeof operations)[]) {
    const [ours, theirs] = [standInOperations[name], operations[name]];
    strictEqual(ours(all).toString(), theirs(all).toString(), name);
    strictEqual(ours({}).toString(), theirs({}).toString(), name);
  }
  strictEqual(
    operations.formatWatchListOpts({ resourceVersion: "5", allowWatchBookmarks: true }).toString(),
    "watch=1&allowWatchBookmarks=1&resourceVersion=5",
  );
});

// Beside the real package this compares two implementations, else one with itself.
Deno.test("readers do as those of the package do on any value", () => {
  const values: c.JSONValue[] = [null, undefined, true, 0, 1.5, "", "a", "1.5Gi", "m", "1e+3.5"];
  values.push([], ["a", null], {}, { a: "b" }, { apiVersion: "v1" }, { kind: "Status" });
  values.push("2026-07-31T12:00:00Z", "2026-07-31T12:00:00.5Z", "T", "2026-99-31T12:00:00.000001Z");
  values.push({ apiVersion: "v1", kind: "Status", message: 5 }, { apiVersion: "v1", kind: "Pod" });
  const readers = (m: typeof c): Record<string, (x: c.JSONValue) => unknown> => ({
    checkStr: m.checkStr,
    checkNum: m.checkNum,
    checkBool: m.checkBool,
    checkObj: m.checkObj,
    readEnum: m.readEnum,
    readList: (x) => m.readList(x, m.checkStr),
    readMap: (x) => m.readMap(x, m.checkStr),
    toTime: m.toTime,
    toMicroTime: (x) => m.toMicroTime(x).toISOString(),
    toQuantity: (x) => m.toQuantity(x).serialize(),
    toIntOrString: m.toIntOrString,
    toDuration: m.toDuration,
    isStatusKind: m.isStatusKind,
    kind: (x) => m.assertOrAddApiVersionAndKind(m.checkObj(x), "v1", "Pod"),
  });
  const [ours, theirs] = [readers(standIn as unknown as typeof c), readers(c)];
  for (const name of Object.keys(theirs)) {
    for (const value of values) {
      const about = `${name}(${JSON.stringify(value)})`;
      const [a, b] = [outcome(ours[name]!, value), outcome(theirs[name]!, value)];
      if (a.error === undefined) deepStrictEqual(a, b, about);
      else strictEqual(b.error?.startsWith(a.error), true, `${about}: ${a.error} | ${b.error}`);
    }
  }
});

function outcome(
  read: (x: c.JSONValue) => unknown,
  value: c.JSONValue,
): { value?: unknown; error?: string } {
  try {
    return { value: read(value) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
