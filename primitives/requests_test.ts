import { rejects, strictEqual } from "node:assert/strict";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { FakeTime } from "@std/testing/time";
import { ApiError, ConnectionError } from "../kube/mod.ts";
import { systemClock } from "./clock.ts";
import { boundedRequest, httpCodeOf, isPassing, isUncertain } from "./requests.ts";

const api = (httpCode: number) =>
  new ApiError("no", { httpCode, verb: "update", resource: "configmaps" });

Deno.test("httpCodeOf(), isUncertain() and isPassing() judge errors of whatever client", () => {
  const ofOthers = Object.assign(new Error("no"), { httpCode: 409, status: { kind: "Status" } });
  strictEqual(httpCodeOf(ofOthers), 409);
  strictEqual(httpCodeOf("no"), undefined);
  const judged: [error: unknown, uncertain: boolean, passing: boolean][] = [
    [new ConnectionError("cut"), true, true],
    [new TypeError("fetch failed"), true, true],
    [api(500), true, true],
    [api(503), true, true],
    [api(504), true, true],
    [api(429), false, true],
    [api(401), false, true],
    [api(403), false, false],
    [api(404), false, false],
    [api(409), false, false],
    [api(422), false, false],
  ];
  for (const [error, uncertain, passing] of judged) {
    strictEqual(isUncertain(error), uncertain, String(httpCodeOf(error)));
    strictEqual(isPassing(error), passing, String(httpCodeOf(error)));
  }
});

Deno.test("boundedRequest() ends in time, also with a client that heeds no signal", async () => {
  using time = new FakeTime();
  const client = { performRequest: () => new Promise(() => {}) } as unknown as RestClient;
  const options = { client, clock: systemClock, requestTimeout: 50, doing: "read it" };
  const request = { method: "GET", path: "/x", expectJson: true } as const;
  const late = rejects(
    boundedRequest(request, { ...options, signal: new AbortController().signal }),
    {
      name: "ConnectionError",
      message: "Cannot read it: no answer within 50 ms",
      timedOut: true,
    },
  );
  await time.tickAsync(50);
  await late;
  const controller = new AbortController();
  const ended = rejects(
    boundedRequest(request, { ...options, signal: controller.signal }),
    /enough/,
  );
  controller.abort(new Error("enough"));
  await ended;
});
