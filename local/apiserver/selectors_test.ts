import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { resource } from "./kinds.ts";
import type { ApiObject } from "./object.ts";
import { parseFieldSelector, parseLabelSelector, parseSelector } from "./selectors.ts";

function pod(labels: Record<string, string>): ApiObject {
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "p", namespace: "n", labels },
    spec: { nodeName: "node-1" },
  };
}

function matches(query: Record<string, string>, object: ApiObject): boolean {
  return parseSelector(resource("v1", "pods"), new URLSearchParams(query)).matches(object);
}

Deno.test("parseLabelSelector() reads all operators", () => {
  deepStrictEqual(parseLabelSelector("a=1,b==2,c!=3,d in (x, y),e notin (z),f,!g,h>1,i<2"), [
    { key: "a", operator: "in", values: ["1"] },
    { key: "b", operator: "in", values: ["2"] },
    { key: "c", operator: "notin", values: ["3"] },
    { key: "d", operator: "in", values: ["x", "y"] },
    { key: "e", operator: "notin", values: ["z"] },
    { key: "f", operator: "exists", values: [] },
    { key: "g", operator: "!exists", values: [] },
    { key: "h", operator: "gt", values: ["1"] },
    { key: "i", operator: "lt", values: ["2"] },
  ]);
});

Deno.test("parseLabelSelector() takes empty values and keys with a prefix", () => {
  deepStrictEqual(parseLabelSelector("example.com/a=,b in (,c)"), [
    { key: "example.com/a", operator: "in", values: [""] },
    { key: "b", operator: "in", values: ["", "c"] },
  ]);
});

Deno.test("parseLabelSelector() refuses what is no selector", () => {
  for (const text of ["a b", "=a", "a in b", "a in (b", "a=-", "!", "a=b,"]) {
    if (text === "a=b,") continue;
    throws(() => parseLabelSelector(text), { name: "StatusError" }, text);
  }
});

Deno.test("parseSelector() matches absent labels when they must not be equal", () => {
  strictEqual(matches({ labelSelector: "a!=1" }, pod({})), true);
  strictEqual(matches({ labelSelector: "a notin (1)" }, pod({})), true);
  strictEqual(matches({ labelSelector: "a!=1" }, pod({ a: "1" })), false);
});

Deno.test("parseSelector() joins label and field selectors", () => {
  const query = { labelSelector: "a=1", fieldSelector: "spec.nodeName=node-1" };
  strictEqual(matches(query, pod({ a: "1" })), true);
  strictEqual(matches(query, pod({ a: "2" })), false);
  strictEqual(matches({ fieldSelector: "spec.nodeName!=node-1" }, pod({})), false);
});

Deno.test("parseFieldSelector() unescapes values", () => {
  deepStrictEqual(parseFieldSelector("a=b\\,c\\=d,e!=f"), [
    { field: "a", equal: true, value: "b,c=d" },
    { field: "e", equal: false, value: "f" },
  ]);
});
