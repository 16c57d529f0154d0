import { deepStrictEqual } from "node:assert/strict";
import { Emitter } from "./emitter.ts";

Deno.test("Emitter calls each listener in order until it is removed, even one added twice", () => {
  const calls: string[] = [];
  const emitter = new Emitter<[string]>(() => {});
  const listener = (value: string) => calls.push(`a${value}`);
  const remove = emitter.add(listener);
  emitter.add(listener);
  emitter.add((value) => calls.push(`b${value}`));
  emitter.emit("1");
  remove();
  remove();
  emitter.emit("2");
  deepStrictEqual(calls, ["a1", "a1", "b1", "a2", "b2"]);
});

Deno.test("Emitter tells what a listener throws and calls the others", () => {
  const told: string[] = [];
  const emitter = new Emitter<[]>((error) => told.push(error.message));
  emitter.add(() => {
    throw "no error";
  });
  emitter.add(() => told.push("called"));
  emitter.emit();
  deepStrictEqual(told, ["no error", "called"]);
});
