import { Coordinator, type CoordinatorOptions, type Workload } from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { startTestCluster, type TestCluster } from "./cluster.ts";
import { talker } from "./talker.ts";
import { until } from "./until.ts";

/** The image of the talker. */
export const TALKER = {
  "talker:1": denoImage(new URL("talker.ts", import.meta.url)),
} as const;

/** A cluster, and a coordinator that talks to talkers. */
export interface MessagesScene extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly coordinator: Coordinator;
  readonly talkers: Workload<typeof talker["specs"]>;
  /** What the coordinator has told of what fails without a caller. */
  readonly errors: string[];
}

/** Options of {@linkcode startMessagesScene}. */
export interface MessagesSceneOptions extends Partial<CoordinatorOptions> {
  /** How many talkers there are. @default 2 */
  replicas?: number;
  /** How the coordinator gets to the API server. @default the cluster's own kubeconfig */
  proxied?: (cluster: TestCluster) => Promise<AsyncDisposable & { readonly kubeconfig: string }>;
}

/** Waits until so many talkers can be asked. */
export async function allAnswer(talkers: MessagesScene["talkers"], count: number): Promise<void> {
  const answering = () => talkers.workers.filter(({ state }) => state === "ready").length;
  await until(`${count} that answer`, () => answering() === count, { timeout: 60_000 });
}

/** Starts talkers and waits until all of them can be asked. */
export async function startMessagesScene(
  options: MessagesSceneOptions = {},
): Promise<MessagesScene> {
  const { replicas = 2, proxied, ...others } = options;
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(
    await startTestCluster({
      images: TALKER,
      restartBackoff: { initial: 50, max: 200, resetAfter: 1e6 },
    }),
  );
  const { kubeconfig } = proxied ? stack.use(await proxied(cluster)) : cluster;
  const coordinator = stack.use(
    await Coordinator.create({
      name: "boss",
      kubeconfig,
      namespace: cluster.namespace,
      kinds: ["Deployment"],
      ...others,
    }),
  );
  const errors: string[] = [];
  coordinator.onError((error) => errors.push(error.message));
  const talkers = await coordinator.run({
    name: "talker",
    image: "talker:1",
    replicas,
    contract: talker,
    grace: 10_000,
  });
  await talkers.ready({ timeout: 60_000 });
  await allAnswer(talkers, replicas);
  const moved = stack.move();
  return {
    cluster,
    coordinator,
    talkers,
    errors,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}
