import { deepStrictEqual, rejects } from "node:assert/strict";
import type { JSONValue, RestClient } from "@cloudydeno/kubernetes-client";
import { serverVersion } from "./server_version.ts";

function answering(answer: JSONValue): RestClient {
  return { performRequest: () => Promise.resolve(answer) } as unknown as RestClient;
}

for (
  const [answer, minor] of [
    [{ major: "1", minor: "36" }, 36],
    [{ major: "1", minor: "24+" }, 24],
    [{ major: "", minor: "", gitVersion: "v1.20.2" }, 20],
  ] as const
) {
  Deno.test(`serverVersion() reads ${JSON.stringify(answer)}`, async () => {
    deepStrictEqual(await serverVersion(answering(answer)), { major: 1, minor });
  });
}

Deno.test("serverVersion() says what it cannot read", async () => {
  await rejects(serverVersion(answering({ minor: "x" })), {
    message: 'Cannot read the server\'s version: given {"minor":"x"}',
  });
});
