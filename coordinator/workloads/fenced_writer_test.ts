import { ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api, type Service } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ObjectApi, plainClusterConfig, SERVICES, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { type Decision, FencedWriter, termOf } from "./fenced_writer.ts";

const TARGET = { kind: SERVICES, namespace: "team", name: "w" };

/** A term that holds until it is told otherwise; its signal's reason is an election's, as in truth. */
function term(token: number): Mandate & { end(): void } {
  const end = new AbortController();
  const lost = new Error("the lease could not be renewed");
  return {
    token,
    signal: end.signal,
    end: () => end.abort(lost),
    check: () => {
      if (end.signal.aborted) throw new NotLeadingError("write", { why: "over", cause: lost });
    },
  };
}

function service(app = "w"): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "w" },
    spec: { clusterIP: "None", selector: { app } },
  };
}

/** An API server, and writers whose requests may be held up right before they are sent. */
class Scene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #client: Transport;
  readonly api: ObjectApi<Service>;
  /** Called before each write of `slow`, once it is past all checks. */
  beforeWrite: () => Promise<void> = () => Promise.resolve();
  readonly slow: FencedWriter;
  readonly other: FencedWriter;

  private constructor(stack: AsyncDisposableStack, client: Transport) {
    this.#stack = stack;
    this.#client = client;
    this.api = new ObjectApi(client, SERVICES, "team");
    const held = {
      performRequest: async (options: RequestOptions) => {
        if (options.method !== "GET") await this.beforeWrite();
        return await client.performRequest({ ...options, abortSignal: undefined });
      },
    } as RestClient;
    this.slow = new FencedWriter(held, "boss");
    this.other = new FencedWriter(client, "boss");
  }

  static async start(): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const config = plainClusterConfig(stack.use(await ApiServer.start()).url);
    const client = stack.use(new Transport(config, { budget: { perSecond: 1e4, burst: 1e4 } }));
    await new CoreV1Api(client).createNamespace({ metadata: { name: "team" } });
    return new Scene(stack.move(), client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const CLAIM = (live: Service | undefined): Decision<Service> =>
  live && { verb: "merge", patch: {} };

Deno.test("FencedWriter.write() records the term on what it creates, applies and merges", async () => {
  await using scene = await Scene.start();
  const { other, api } = scene;
  await other.write(TARGET, term(5), () => ({ verb: "create", object: service() }));
  strictEqual(termOf((await api.get("w"))!), 5);
  await other.write(TARGET, term(6), () => ({ verb: "apply", object: service("x") }));
  strictEqual(termOf((await api.get("w"))!), 6);
  await other.write(TARGET, term(7), CLAIM);
  const claimed = await api.get("w");
  strictEqual(termOf(claimed!), 7);
  strictEqual(claimed!.spec!.selector!.app, "x");
});

Deno.test("FencedWriter.write() is refused where a higher term is recorded, and sends nothing", async () => {
  await using scene = await Scene.start();
  await scene.other.write(TARGET, term(7), () => ({ verb: "create", object: service() }));
  let writes = 0;
  scene.beforeWrite = () => Promise.resolve(void writes++);
  await rejects(scene.slow.write(TARGET, term(6), CLAIM), {
    name: "NotLeadingError",
    message:
      'Cannot write to Service "w": it was written to in term 7, and this is the older term 6',
  });
  strictEqual(writes, 0);
});

Deno.test("FencedWriter.write() sends nothing once the mandate is over", async () => {
  await using scene = await Scene.start();
  const over = term(5);
  over.end();
  let writes = 0;
  scene.beforeWrite = () => Promise.resolve(void writes++);
  await rejects(scene.slow.write(TARGET, over, () => ({ verb: "create", object: service() })), {
    name: "NotLeadingError",
  });
  strictEqual(writes, 0);
});

Deno.test("FencedWriter.write() rejects with NotLeadingError when the mandate ends during a request", async () => {
  const mandate = term(5);
  const client = {
    performRequest({ abortSignal }: RequestOptions): Promise<never> {
      const { promise, reject } = Promise.withResolvers<never>();
      abortSignal!.addEventListener("abort", () => reject(abortSignal!.reason), { once: true });
      mandate.end();
      return promise;
    },
  } as RestClient;
  await rejects(new FencedWriter(client, "boss").write(TARGET, mandate, CLAIM), {
    name: "NotLeadingError",
  });
});

/** What a leader may be about to write when it is paused, and what is there before. */
const LATE: [name: string, exists: boolean, decide: () => Decision<Service>][] = [
  ["create", false, () => ({ verb: "create", object: service("late") })],
  ["apply", true, () => ({ verb: "apply", object: service("late") })],
  ["merge", true, () => ({ verb: "merge", patch: { spec: { selector: { app: "late" } } } })],
  ["delete", true, () => ({ verb: "delete" })],
];

for (const [name, exists, decide] of LATE) {
  Deno.test(`FencedWriter.write() cannot ${name} after the next leader has claimed the object`, async () => {
    await using scene = await Scene.start();
    if (exists) {
      await scene.other.write(TARGET, term(4), () => ({ verb: "create", object: service() }));
    }
    const paused = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    scene.beforeWrite = async () => {
      paused.resolve();
      await resumed.promise;
    };
    const late = scene.slow.write(TARGET, term(5), decide); // decided, checked, not yet sent
    late.catch(() => {});
    await paused.promise;
    const next = term(6);
    await scene.other.write(
      TARGET,
      next,
      (live) => live ? CLAIM(live) : { verb: "create", object: service() },
    );
    resumed.resolve();
    await rejects(late, NotLeadingError);
    const now = await scene.api.get("w");
    ok(now, "it is still there");
    strictEqual(now.spec?.selector?.app, "w");
    strictEqual(termOf(now), 6);
  });
}

Deno.test("FencedWriter.write() decides anew when somebody else has changed the object", async () => {
  await using scene = await Scene.start();
  await scene.other.write(TARGET, term(5), () => ({ verb: "create", object: service("a") }));
  let first = true;
  scene.beforeWrite = async () => {
    if (!first) return;
    first = false;
    await scene.other.write(TARGET, term(5), () => ({ verb: "apply", object: service("b") }));
  };
  const seen: (string | undefined)[] = [];
  await scene.slow.write(TARGET, term(5), (live) => {
    seen.push(live?.spec?.selector?.app);
    return { verb: "merge", patch: { metadata: { labels: { seen: "1" } } } };
  });
  strictEqual(seen.join(), "a,b");
});
