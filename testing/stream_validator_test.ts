import { deepStrictEqual, throws } from "node:assert/strict";
import { StreamValidator } from "./stream_validator.ts";

interface Thing {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string };
  size: number;
}

function thing(uid: string, resourceVersion: number, size = 1): Thing {
  return {
    metadata: { name: uid, namespace: "n", uid, resourceVersion: String(resourceVersion) },
    size,
  };
}

function start(): StreamValidator<Thing> {
  const validator = new StreamValidator<Thing>({ visible: ({ size }) => size });
  validator.record("added", thing("a", 1));
  validator.record("added", thing("a", 1));
  validator.record("modified", thing("a", 2));
  validator.record("modified", thing("a", 3, 2));
  validator.record("deleted", thing("a", 4, 2));
  validator.record("added", thing("b", 5));
  return validator;
}

Deno.test("StreamValidator accepts a stream that keeps all promises", () => {
  const validator = start();
  validator.hear({ type: "pending", replayed: true, source: thing("a", 1) });
  validator.resumed();
  validator.hear({ type: "restarted", replayed: false, source: thing("a", 3, 2), container: "x" });
  validator.hear({ type: "ready", replayed: false, source: thing("a", 3, 2) });
  validator.hear({ type: "deleted", replayed: false, source: thing("a", 4, 2) });
  validator.hear({ type: "ready", replayed: false, source: thing("b", 5) });
  validator.bookmark("5");
  validator.assertValid();
  deepStrictEqual([validator.entries.length, validator.recorded.length], [7, 5]);
});

Deno.test("StreamValidator.assertValid() names each promise that was not kept", () => {
  const validator = start();
  validator.hear({ type: "ready", replayed: false, source: thing("a", 3, 2) });
  validator.hear({ type: "ready", replayed: false, source: thing("a", 1) });
  throws(() => validator.assertValid(), {
    message: 'Cannot accept the stream: not ordered, entry 1: "n/a" (a) of version 1 is heard ' +
      'after version 3; not reliable, entry 2: the deletion of "n/a" (a) of version 4 is ' +
      'missing; not reliable, entry 2: "n/b" (b) of version 5 is missing',
  });
});

Deno.test("StreamValidator refuses versions that it cannot order", () => {
  const validator = new StreamValidator();
  throws(() => validator.bookmark("abc"), { name: "TypeError", message: /version "abc"/ });
});
