import { deepStrictEqual, rejects } from "node:assert/strict";
import { DEPLOYMENTS } from "./kinds.ts";
import { perform, type Step } from "./perform.ts";
import { deployment } from "./testdata/builders.ts";
import { FakeRest } from "./testdata/fake_rest.ts";
import { ObjectClient } from "./writes.ts";

function steps(): Step[] {
  const object = deployment({}, { meta: { uid: "d", resourceVersion: "old" } });
  const target = { namespace: "default", name: "web" };
  const patch = { metadata: { uid: "d" } };
  return [
    { write: { verb: "patch", kind: DEPLOYMENTS, target, patch } },
    { write: { verb: "update", kind: DEPLOYMENTS, object, subresource: "status" } },
  ];
}

Deno.test("perform() goes on from the version that its own step before has made", async () => {
  const rest = new FakeRest();
  await perform(steps(), { client: new ObjectClient(rest) });
  const [patch, update] = rest.requests;
  deepStrictEqual([patch?.method, patch?.path], [
    "PATCH",
    "/apis/apps/v1/namespaces/default/deployments/web",
  ]);
  deepStrictEqual([update?.method, update?.path], [
    "PUT",
    "/apis/apps/v1/namespaces/default/deployments/web/status",
  ]);
  deepStrictEqual(
    (update?.body as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
    "1",
  );
});

Deno.test("perform() stops at the first step that fails", async () => {
  const rest = new FakeRest();
  rest.answer = () => {
    throw new Error("no");
  };
  await rejects(perform(steps(), { client: new ObjectClient(rest) }), /no/);
  deepStrictEqual(rest.requests.length, 1);
});
