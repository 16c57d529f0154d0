// An API server without controllers: tests play these, and see just what a coordinator does.
import { AppsV1Api, type Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { BatchV1Api } from "@cloudydeno/kubernetes-apis/batch/v1";
import { CoordinationV1Api } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { RbacAuthorizationV1Api } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { anySignal } from "../../runtime/mod.ts";
import { Coordinator, type CoordinatorOptions } from "../mod.ts";
import { Heard } from "./heard.ts";

/** What is used of the embedded cluster's API server; the tests, which may know it, hand it in. */
interface ApiServerClass {
  start(): Promise<ApiServer>;
}

interface ApiServer extends AsyncDisposable {
  readonly url: string;
  cutWatches(): void;
  compact(): void;
}

/** An API server with namespace `team`. */
export class Sandbox implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #front: Deno.HttpServer<Deno.NetAddr>;
  readonly #refused: RegExp[] = [];
  #held: { pattern: RegExp; answered: () => void; released: Promise<void> } | undefined;
  readonly #server: ApiServer;
  readonly #admin: Transport;
  #offline = false;
  /** Ends what is under way when coordinators are cut off. */
  #cut = new AbortController();
  readonly #client = Deno.createHttpClient({});
  /** Answers requests of coordinators, given as `GET /path`, if it is set; `forward` asks the API server. */
  intercept: ((line: string, forward: () => Promise<Response>) => Promise<Response>) | undefined;
  /** Requests that coordinators sent, as `GET /path`. */
  readonly requests: string[] = [];
  /** Those of them that wrote something, and were not refused, as a write is that comes too late. */
  readonly accepted: string[] = [];
  /** Typed clients of namespace `team`. */
  readonly core: ReturnType<CoreV1Api["namespace"]>;
  readonly apps: ReturnType<AppsV1Api["namespace"]>;
  readonly batch: ReturnType<BatchV1Api["namespace"]>;
  readonly rbac: ReturnType<RbacAuthorizationV1Api["namespace"]>;
  readonly leases: ReturnType<CoordinationV1Api["namespace"]>;

  private constructor(stack: AsyncDisposableStack, server: ApiServer, admin: Transport) {
    this.#stack = stack;
    this.#server = server;
    this.#admin = admin;
    this.core = new CoreV1Api(admin).namespace("team");
    this.apps = new AppsV1Api(admin).namespace("team");
    this.batch = new BatchV1Api(admin).namespace("team");
    this.rbac = new RbacAuthorizationV1Api(admin).namespace("team");
    this.leases = new CoordinationV1Api(admin).namespace("team");
    const options = {
      port: 0,
      hostname: "127.0.0.1",
      onListen: () => {},
      onError: () => new Response(), // whoever asked has left
    };
    this.#front = Deno.serve(options, async (request) => {
      const { pathname, search } = new URL(request.url);
      const line = `${request.method} ${pathname}${search}`;
      this.requests.push(line);
      if (this.#offline) return new Response(null, { status: 503 });
      if (this.#refused.some((pattern) => pattern.test(line))) return forbidden(line);
      const { method, body } = request;
      const signal = anySignal([request.signal, this.#cut.signal]);
      const client = this.#client;
      const headers = new Headers(request.headers);
      headers.delete("host");
      const held = this.#held?.pattern.test(line) ? this.#held : undefined;
      if (held !== undefined) this.#held = undefined;
      const url = server.url + pathname + search;
      const forward = (): Promise<Response> =>
        fetch(url, { method, headers, body, signal, client });
      const answer = await (this.intercept?.(line, forward) ?? forward());
      if (method !== "GET" && answer.ok) this.accepted.push(line);
      held?.answered();
      await held?.released;
      return answer;
    });
    stack.defer(async () => {
      await this.#front.shutdown();
      this.#client.close(); // or the API server waits for connections that are idle
    });
  }

  static async start(apiServer: ApiServerClass): Promise<Sandbox> {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await apiServer.start());
    const config = plainClusterConfig(server.url);
    const admin = stack.use(new Transport(config, { budget: { perSecond: 1e6, burst: 1e6 } }));
    await new CoreV1Api(admin).createNamespace({ metadata: { name: "team" } });
    const moved = stack.move();
    return new Sandbox(moved, server, admin);
  }

  /** A coordinator that speaks through the front, where requests are recorded and refused. */
  async coordinator(options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
    return await Coordinator.create({
      name: "boss",
      config: plainClusterConfig(`http://127.0.0.1:${this.#front.addr.port}`, {
        namespace: "team",
      }),
      watch: { minBackoff: 1, maxBackoff: 20 },
      ...options,
    });
  }

  /** Answers 403 to requests like these from now on. */
  refuse(pattern: RegExp): void {
    this.#refused.push(pattern);
  }

  /**
   * Holds back the answer to the next request like this. Resolves with what lets it go, when what was
   * asked for is done.
   */
  async holdAnswer(pattern: RegExp): Promise<() => void> {
    const answered = new Heard<true>();
    const released = Promise.withResolvers<void>();
    const tell = (): void => answered.add(true);
    this.#held = { pattern, answered: tell, released: released.promise };
    await answered.until(() => true, { what: `an answer to ${pattern}` });
    return released.resolve;
  }

  /** Cuts coordinators off. */
  goOffline(): void {
    this.#offline = true;
    this.#cut.abort();
    this.#cut = new AbortController();
    this.#server.cutWatches();
  }

  /** Lets coordinators in again; the past is forgotten, so they must list anew, unless it is kept. */
  goOnline(options: { keepPast?: boolean } = {}): void {
    if (!options.keepPast) this.#server.compact();
    this.#offline = false;
  }

  /** Typed client of another namespace. */
  appsOf(namespace: string): ReturnType<AppsV1Api["namespace"]> {
    return new AppsV1Api(this.#admin).namespace(namespace);
  }

  /**
   * Writes into a coordinator's Lease who holds it, as somebody else would who takes it (by any name)
   * or gives it back (by none).
   */
  async holdLease(holderIdentity: string, name = "troupe-boss"): Promise<void> {
    await this.#admin.performRequest({
      method: "PATCH",
      path: `/apis/coordination.k8s.io/v1/namespaces/team/leases/${name}`,
      contentType: "application/merge-patch+json",
      bodyJson: { spec: { holderIdentity } },
      expectJson: true,
    });
  }

  /** Makes a pod as a ReplicaSet of workload `w` would. */
  async addPod(name: string): Promise<void> {
    await this.core.createPod({
      metadata: {
        name,
        labels: { "troupe.dev/coordinator": "boss", "troupe.dev/workload": "w" },
      },
      spec: { containers: [{ name: "worker", image: "w:1", ports: [{ containerPort: 80 }] }] },
    });
  }

  /** Writes a pod's status as a kubelet would. */
  async setPod(name: string, status: Pod["status"]): Promise<void> {
    await this.core.patchPodStatus(name, "json-merge", { status });
  }

  /** Lets a pod run, after so many restarts. */
  async runPod(name: string, restartCount = 0): Promise<void> {
    const state = { running: { startedAt: new Date() } };
    await this.setPod(name, {
      phase: "Running",
      podIP: "127.0.0.1",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        { name: "worker", image: "w:1", imageID: "", ready: true, restartCount, state },
      ],
    });
  }

  /** Writes a deployment's status as its controller would when all pods are ready. */
  async completeDeployment(name: string): Promise<Deployment> {
    const { metadata, spec } = await this.apps.getDeployment(name);
    const replicas = spec?.replicas ?? 1;
    return await this.apps.patchDeploymentStatus(name, "json-merge", {
      status: {
        observedGeneration: metadata!.generation,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
      },
    } as Deployment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function forbidden(line: string): Response {
  const [, resource = ""] = /\/team\/([a-z]+)/.exec(line) ?? [];
  const verb = /watch=/.test(line) ? "watch" : "list";
  const message = `${resource} is forbidden: User "u" cannot ${verb} resource "${resource}" ` +
    `in API group "" in the namespace "team"`;
  const status = { kind: "Status", apiVersion: "v1", code: 403, reason: "Forbidden", message };
  return Response.json(status, { status: 403 });
}
