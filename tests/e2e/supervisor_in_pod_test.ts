// The supervisor as `kubectl apply -k manifests` runs it: in a pod, as its own account. With
// TROUPE_TEST_EXECUTABLES (a folder) the images are the compiled executables, else the sources.
import { match, strictEqual } from "node:assert/strict";
import { AppsV1Api } from "@cloudydeno/kubernetes-apis/apps/v1";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { RbacAuthorizationV1Api } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { greeterManifests } from "../../manifests/mod.ts";
import { startTestCluster } from "../support/cluster.ts";
import { greeterImages, SUPERVISOR_IMAGE, WORKER_IMAGE } from "../support/greeter.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 90_000;

Deno.test("the supervisor in a pod launches three workers, greets them and leaves them running when it dies", async () => {
  await using cluster = await startTestCluster({ images: greeterImages(), nodes: 2 });
  const { namespace } = cluster;
  const core = new CoreV1Api(cluster.admin).namespace(namespace);
  const apps = new AppsV1Api(cluster.admin).namespace(namespace);
  const rbac = new RbacAuthorizationV1Api(cluster.admin).namespace(namespace);

  const manifests = greeterManifests({
    namespace,
    replicas: 3,
    image: SUPERVISOR_IMAGE,
    workerImage: WORKER_IMAGE,
  });
  await core.createServiceAccount(manifests.serviceAccount);
  await rbac.createRole(manifests.role);
  await rbac.createRoleBinding(manifests.roleBinding);
  await apps.createDeployment(manifests.deployment);

  const podsOf = async (name: string) =>
    (await core.getPodList({ labelSelector: `app.kubernetes.io/name=${name}` })).items;
  const log = async () => {
    const running = (await podsOf("greeter-supervisor")).filter((pod) =>
      pod.status?.phase === "Running"
    );
    const logs = await Promise.all(running.map((pod) => core.getPodLog(pod.metadata!.name!)));
    return logs.join("\n");
  };
  const greeted = await until("three greetings in the supervisors' logs", async () => {
    const text = await log();
    const names = text.matchAll(/pod (\S+) says: Hello, world!/g);
    return new Set([...names].map(([, name]) => name)).size === 3 && text;
  }, { timeout: TIMEOUT });
  match(greeted, /launched worker: 3/);

  const before = (await podsOf("worker")).map((pod) => pod.metadata!.uid);
  strictEqual(before.length, 3);
  await apps.deleteDeployment("greeter-supervisor");
  await until(
    "the supervisor to be gone",
    async () => (await podsOf("greeter-supervisor")).length === 0,
    { timeout: TIMEOUT },
  );
  const workers = await podsOf("worker");
  strictEqual(workers.filter((pod) => before.includes(pod.metadata!.uid)).length, 3);
  strictEqual(workers.every((pod) => pod.status!.containerStatuses![0]!.restartCount === 0), true);
});
