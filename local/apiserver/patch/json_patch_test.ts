import { deepStrictEqual, throws } from "node:assert/strict";
import type { JsonObject } from "../schema/mod.ts";
import { jsonPatch } from "./json_patch.ts";
import { PatchError } from "./patch_error.ts";

const CASES: [string, JsonObject, JsonObject[], JsonObject][] = [
  ["adds a field", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], {
    foo: "bar",
    baz: "qux",
  }],
  ["adds an item", { foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], {
    foo: ["bar", "qux", "baz"],
  }],
  ["appends an item", { foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc"] }], {
    foo: ["bar", ["abc"]],
  }],
  ["adds at the end by index", { foo: [1] }, [{ op: "add", path: "/foo/1", value: 2 }], {
    foo: [1, 2],
  }],
  ["replaces by add", { foo: 1 }, [{ op: "add", path: "/foo", value: 2 }], { foo: 2 }],
  ["removes a field", { baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
  ["removes an item", { foo: [1, 2, 3] }, [{ op: "remove", path: "/foo/1" }], { foo: [1, 3] }],
  ["counts from the end", { foo: [1, 2, 3] }, [{ op: "remove", path: "/foo/-1" }], { foo: [1, 2] }],
  ["replaces a value", { a: { b: 1 } }, [{ op: "replace", path: "/a/b", value: 2 }], {
    a: { b: 2 },
  }],
  ["moves a value", { a: { b: 1 }, c: {} }, [{ op: "move", from: "/a/b", path: "/c/d" }], {
    a: {},
    c: { d: 1 },
  }],
  ["moves an item", { foo: ["all", "cows", "eat"] }, [{
    op: "move",
    from: "/foo/0",
    path: "/foo/2",
  }], { foo: ["cows", "eat", "all"] }],
  ["copies a value", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
  ["tests values", { a: [{ b: 1, c: 2 }] }, [{ op: "test", path: "/a/0", value: { c: 2, b: 1 } }], {
    a: [{ b: 1, c: 2 }],
  }],
  ["tests for absence with null", {}, [{ op: "test", path: "/a", value: null }], {}],
  ["unescapes pointers", { "a/b": 1, "m~n": 2 }, [{ op: "remove", path: "/a~1b" }, {
    op: "test",
    path: "/m~0n",
    value: 2,
  }], { "m~n": 2 }],
  ["tells ~01 from ~1", { "~1": 1 }, [{ op: "replace", path: "/~01", value: 2 }], { "~1": 2 }],
  ["sets null", {}, [{ op: "add", path: "/a", value: null }], { a: null }],
  ["replaces the whole", { a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
];

for (const [what, current, operations, expected] of CASES) {
  Deno.test(`jsonPatch() ${what}`, () => {
    const before = structuredClone(current);
    deepStrictEqual(jsonPatch(current, operations), expected);
    deepStrictEqual(current, before);
  });
}

const REFUSED: [string, unknown, 400 | 422][] = [
  ["a failing test", [{ op: "test", path: "/a", value: 2 }], 422],
  ["removal of what is not there", [{ op: "remove", path: "/b" }], 422],
  ["replacement of what is not there", [{ op: "replace", path: "/b", value: 1 }], 422],
  ["a missing parent", [{ op: "add", path: "/b/c", value: 1 }], 422],
  ["a path through a scalar", [{ op: "add", path: "/a/c", value: 1 }], 422],
  ["an index out of range", [{ op: "add", path: "/list/3", value: 1 }], 422],
  ["an index with a leading zero", [{ op: "remove", path: "/list/01" }], 422],
  ["a pointer without a slash", [{ op: "remove", path: "a" }], 422],
  ["a move into itself", [{ op: "move", from: "/map", path: "/map/x" }], 422],
  ["an unknown operation", [{ op: "merge", path: "/a" }], 422],
  ["an operation without path", [{ op: "remove" }], 422],
  ["a copy without from", [{ op: "copy", path: "/b" }], 422],
  ["what is no list", { op: "remove", path: "/a" }, 400],
  ["too many operations", new Array(10_001).fill({ op: "test", path: "/a", value: 1 }), 400],
];

for (const [what, operations, code] of REFUSED) {
  Deno.test(`jsonPatch() refuses ${what} with ${code}`, () => {
    const current = { a: 1, list: [1, 2], map: {} };
    throws(() => jsonPatch(current, operations), (error: unknown) => {
      return error instanceof PatchError && error.code === code;
    });
  });
}

Deno.test("jsonPatch() adds null when an operation has no value", () => {
  deepStrictEqual(jsonPatch({}, [{ op: "add", path: "/a" }]), { a: null });
});

Deno.test("jsonPatch() changes nothing when a later operation fails", () => {
  const current = { a: { b: 1 } };
  throws(() => jsonPatch(current, [{ op: "remove", path: "/a/b" }, { op: "remove", path: "/x" }]));
  deepStrictEqual(current, { a: { b: 1 } });
});
