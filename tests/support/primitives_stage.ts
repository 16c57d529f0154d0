/** An API server for tests of primitives: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG. */
import { CoordinationV1Api } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  type ClusterConfig,
  loadClusterConfig,
  plainClusterConfig,
  Transport,
} from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { Primitives, type PrimitivesOptions } from "../../primitives/mod.ts";

/** A namespace of its own, and primitives in it, which are closed with it. */
export class PrimitivesStage implements AsyncDisposable {
  readonly namespace: string;
  readonly config: ClusterConfig;
  /** A client with all permissions. */
  readonly admin: Transport;
  /** What the primitives reported. */
  readonly errors: Error[] = [];
  readonly #stack: AsyncDisposableStack;
  readonly #made: Primitives[] = [];

  private constructor(
    parts: Pick<PrimitivesStage, "namespace" | "config" | "admin">,
    stack: AsyncDisposableStack,
  ) {
    ({ namespace: this.namespace, config: this.config, admin: this.admin } = parts);
    this.#stack = stack;
  }

  /** Starts the server, or joins it. */
  static async start(): Promise<PrimitivesStage> {
    await using stack = new AsyncDisposableStack();
    const config = Deno.env.get("TROUPE_TEST_CLUSTER") === "1"
      ? await loadClusterConfig()
      : plainClusterConfig(stack.use(await ApiServer.start()).url);
    const admin = stack.use(new Transport(config));
    const namespace = `primitives-${crypto.randomUUID().slice(0, 8)}`;
    await new CoreV1Api(admin).createNamespace({ metadata: { name: namespace } });
    stack.defer(async () => void await new CoreV1Api(admin).deleteNamespace(namespace));
    return new PrimitivesStage({ namespace, config, admin }, stack.move());
  }

  /** The namespace's ConfigMaps and Leases. */
  get objects(): {
    configMaps: ReturnType<CoreV1Api["namespace"]>;
    leases: ReturnType<CoordinationV1Api["namespace"]>;
  } {
    const { admin, namespace } = this;
    return {
      configMaps: new CoreV1Api(admin).namespace(namespace),
      leases: new CoordinationV1Api(admin).namespace(namespace),
    };
  }

  /** Primitives as of another process. */
  async primitives(options: PrimitivesOptions = {}): Promise<Primitives> {
    const { config, namespace } = this;
    const made = await Primitives.create({ config, namespace, ...options });
    made.onError((error) => this.errors.push(error));
    this.#made.push(made);
    return made;
  }

  /** Closes all, and deletes the namespace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#made.map((it) => it.close()));
    await this.#stack.disposeAsync();
  }
}
