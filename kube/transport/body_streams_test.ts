import { rejects, strictEqual } from "node:assert/strict";
import { passBody } from "./body_streams.ts";
import { CallScope } from "./call_scope.ts";

Deno.test("passBody() lets go of a body when the call was aborted as its headers came", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const scope = new CallScope(new Set(), abort.signal);
  abort.abort(reason);
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>({ cancel: (why) => void (cancelled = why) });
  const passed = passBody(body, scope, (error) => error as Error);
  await rejects(passed.getReader().read(), reason);
  strictEqual(cancelled, reason);
});
