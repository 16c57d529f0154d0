import { strictEqual } from "node:assert/strict";
import type { JSONValue, RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ApiError } from "../transport/mod.ts";
import { CRON_JOBS, CRON_JOBS_V1BETA1 } from "./kinds.ts";
import { Reflector } from "./reflector.ts";

Deno.test("Reflector goes on with a kind's former name when the server does not know the present one", async () => {
  const asked: string[] = [];
  const client = {
    performRequest(options: RequestOptions): Promise<unknown> {
      const { path, querystring, abortSignal } = options;
      asked.push(path + (querystring?.has("watch") ? " watch" : ""));
      if (path.includes("/batch/v1/")) {
        const init = { httpCode: 404, verb: "list", resource: "cronjobs.batch" };
        return Promise.reject(new ApiError("the server could not find the resource", init));
      }
      if (querystring?.has("watch")) {
        return new Promise((_, reject) => {
          abortSignal?.addEventListener("abort", () => reject(abortSignal.reason));
        });
      }
      const list: JSONValue = {
        apiVersion: "batch/v1beta1",
        kind: "CronJobList",
        metadata: { resourceVersion: "7" },
        items: [{ metadata: { name: "c", namespace: "n", uid: "u", resourceVersion: "5" } }],
      };
      return Promise.resolve(new TextEncoder().encode(JSON.stringify(list)));
    },
  } as RestClient;
  const errors: Error[] = [];
  await using reflector = new Reflector(client, CRON_JOBS, {
    namespace: "n",
    formerKind: CRON_JOBS_V1BETA1,
  });
  reflector.onError((error) => void errors.push(error));
  reflector.start();
  await reflector.synced();
  strictEqual(reflector.kind, CRON_JOBS_V1BETA1);
  strictEqual(reflector.store.get("n/c")?.apiVersion, "batch/v1");
  strictEqual(errors.length, 0);
  strictEqual(asked[0], "/apis/batch/v1/namespaces/n/cronjobs");
  strictEqual(asked[1], "/apis/batch/v1beta1/namespaces/n/cronjobs");
});
