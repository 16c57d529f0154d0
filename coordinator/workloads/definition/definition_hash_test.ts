import { notStrictEqual, strictEqual } from "node:assert/strict";
import { canonicalJson, definitionHash } from "./definition_hash.ts";
import { headOf } from "./testdata/samples.ts";

const W = { name: "w", image: "w:1", envs: { A: "1", B: "2" } };

Deno.test("definitionHash() is the same for the same definition, and for no other", () => {
  const hash = definitionHash(headOf(W));
  strictEqual(definitionHash(headOf({ envs: W.envs, image: "w:1", name: "w" })), hash);
  strictEqual(definitionHash(headOf({ ...W, replicas: 1 })), hash);
  notStrictEqual(definitionHash(headOf({ ...W, replicas: 2 })), hash);
  notStrictEqual(definitionHash(headOf({ ...W, annotations: { a: "" } })), hash);
});

Deno.test("definitionHash() does not see itself, the term and the object's identity", () => {
  const plain = headOf(W);
  const hash = definitionHash(plain);
  strictEqual(plain.metadata!.annotations!["troupe.dev/definition"], hash);
  strictEqual(definitionHash(headOf(W, { uid: "u" })), hash);
});

Deno.test("canonicalJson() sorts keys and leaves out what is not there", () => {
  const value = { b: [1, { d: null, c: "x" }], a: undefined, aa: false };
  strictEqual(canonicalJson(value), '{"aa":false,"b":[1,{"c":"x"}]}');
});
