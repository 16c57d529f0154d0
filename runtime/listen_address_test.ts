import { strictEqual } from "node:assert/strict";
import { listenAddress } from "./listen_address.ts";

Deno.test("listenAddress() is everywhere, in the pod's family, but for a pod of a local cluster", () => {
  strictEqual(listenAddress(undefined), "0.0.0.0");
  strictEqual(listenAddress("10.1.2.3"), "0.0.0.0");
  strictEqual(listenAddress("fd00::7"), "::");
  strictEqual(listenAddress("127.3.0.9"), "127.3.0.9");
  strictEqual(listenAddress("::1"), "::1");
});
