// What primitives send, beside what `primitiveRules` allow: nothing more is needed, and each verb is used.
import { deepStrictEqual } from "node:assert/strict";
import type { PolicyRule } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { z } from "zod";
import { parseRequest } from "../kube/transport/request_info.ts";
import type { Hold, Primitives } from "../primitives/mod.ts";
import { PrimitivesStage } from "../tests/support/primitives_stage.ts";
import { until } from "../tests/support/until.ts";
import { type PrimitiveKind, type PrimitiveRef, primitiveRules } from "./mod.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 20_000 };

/** One verb on one kind of object, and on which if that is told. */
interface Asked {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
}

/** A client that notes what the API server would judge. */
function noting(client: RestClient, asked: Asked[]): RestClient {
  return {
    performRequest(options: RequestOptions) {
      const { method, path = "", querystring } = options;
      const info = parseRequest(method, path, querystring);
      // of a list or a watch of one object the server takes the name from there
      const [, one] = /^metadata\.name=(.*)$/.exec(querystring?.get("fieldSelector") ?? "") ?? [];
      asked.push({ ...info, name: info.name ?? one });
      return client.performRequest(options);
    },
  } as RestClient;
}

function allows(rule: PolicyRule, { verb, group, resource, name }: Asked): boolean {
  return rule.apiGroups!.includes(group) && rule.resources!.includes(resource) &&
    rule.verbs.includes(verb) &&
    (!rule.resourceNames || name !== undefined && rule.resourceNames.includes(name));
}

/** Somebody who uses a primitive, and another one. `seen` resolves when something like that was asked. */
type Use = (
  one: Primitives,
  other: Primitives,
  seen: (verb: string, resource: string) => Promise<unknown>,
) => Promise<void>;

/** One holds it, and the other one waits for so long that it watches, and the first one renews. */
function heldByOneAtATime(acquire: (it: Primitives) => Promise<Hold>): Use {
  return async (one, other, seen) => {
    const held = await acquire(one);
    const next = acquire(other);
    await seen("watch", "configmaps");
    await seen("watch", "leases");
    await seen("update", "leases");
    await held.release();
    await (await next).release();
  };
}

const USES: Readonly<Record<PrimitiveKind, Use>> = {
  mutex: heldByOneAtATime((it) => it.mutex("a").acquire(LIMIT)),
  "read-write-lock": heldByOneAtATime((it) => it.readWriteLock("a").acquireWrite(LIMIT)),
  semaphore: heldByOneAtATime((it) => it.semaphore("a", 1).acquire(LIMIT)),
  async discovery(one, other, seen) {
    const group = one.discovery("a", { workload: "a" });
    const mine = await other.discovery("a").join({}, LIMIT);
    await seen("watch", "pods");
    await seen("watch", "leases");
    await seen("update", "leases");
    await mine.leave();
    await group.close();
  },
  async election(one, other, seen) {
    one.elect("a", { onLeading: () => {} });
    await seen("update", "leases");
    for await (const leader of other.observe("a", { signal: AbortSignal.timeout(LIMIT.timeout) })) {
      if (leader === one.identity) break;
    }
  },
  async ownership(one, other, seen) {
    const options = { keys: ["a", "b"], onAcquire: () => {} };
    const mine = one.shardedOwnership("a", options);
    const theirs = other.shardedOwnership("a", options);
    await seen("watch", "configmaps");
    await seen("watch", "leases");
    await seen("update", "leases");
    await mine.close();
    await theirs.close();
  },
  async barrier(one, other, seen) {
    const arrived = one.barrier("a", 2).arrive(LIMIT);
    await seen("watch", "configmaps");
    await seen("update", "leases");
    await Promise.all([arrived, other.barrier("a", 2).arrive(LIMIT)]);
  },
  async latch(one, other, seen) {
    const open = one.latch("a", 1).wait(LIMIT);
    await seen("watch", "configmaps");
    await other.latch("a", 1).countDown(1, LIMIT);
    await other.latch("a", 1).reset(LIMIT);
    await open;
  },
  async once(one, other, seen) {
    const done = one.once("a", z.int()).run(async () => {
      await seen("watch", "leases");
      await seen("update", "leases");
      return 1;
    }, LIMIT);
    await seen("create", "configmaps");
    await Promise.all([done, other.once("a", z.int()).run(() => 2, LIMIT)]);
  },
  async counter(one, other) {
    for await (
      const now of one.counter("a").watch({ signal: AbortSignal.timeout(LIMIT.timeout) })
    ) {
      if (now > 1) break;
      await other.counter("a").add(1, LIMIT);
    }
    await one.counter("a").get(LIMIT);
  },
  async sequence(one, other) {
    await one.sequence("a").next(LIMIT);
    await other.sequence("a").next(LIMIT);
  },
  async "key-value"(one, other) {
    const bucket = one.keyValue("a", z.string());
    const heard = other.keyValue("a", z.string()).watch("", {
      signal: AbortSignal.timeout(LIMIT.timeout),
    });
    await heard.next();
    for (let i = 0; i < 60; i++) { // so much that it is divided, again and again
      const text = Array.from({ length: 200 }, () => crypto.randomUUID()).join("");
      await bucket.put(`k${i % 30}`, text, LIMIT);
    }
    await heard.next();
    await heard.return();
    await other.keyValue("a", z.string()).list("", LIMIT);
  },
};

/** What is asked when somebody dies at the wrong moment only. */
const RARE: Readonly<Partial<Record<PrimitiveKind, readonly string[]>>> = {
  barrier: ["list leases", "watch leases"], // of parties that do not confirm
};

for (const [kind, use] of Object.entries(USES) as [PrimitiveKind, Use][]) {
  Deno.test(`primitiveRules() of ${kind} allow what its use needs, and little more`, async () => {
    await using stage = await PrimitivesStage.start();
    const asked: Asked[] = [];
    const client = noting(stage.admin, asked);
    const one = await stage.primitives({ client, leaseDuration: 1_000 });
    const other = await stage.primitives({ client, leaseDuration: 1_000 });
    await use(one, other, (verb, resource) =>
      until(
        `${verb} of ${resource}`,
        () => asked.some((it) => it.verb === verb && it.resource === resource),
        LIMIT,
      ));
    await one.close();
    await other.close();
    const ref: PrimitiveRef = `${kind}/a`;
    const rules = primitiveRules([ref]);
    deepStrictEqual(asked.filter((it) => !rules.some((rule) => allows(rule, it))), []);
    const granted = rules.flatMap((rule) =>
      rule.verbs.map((verb) => ({ ...rule, verbs: [verb] } as PolicyRule))
    );
    // sessions are read again, and deleted by others, when a process was slow or died
    const isUsed = (rule: PolicyRule) =>
      asked.some((it) => {
        // what is granted by name needs no rule for all
        const named = rules.some((other) => other.resourceNames && allows(other, it));
        return allows(rule, it) && (rule.resourceNames !== undefined || !named);
      });
    const unused = granted.filter((rule) => !isUsed(rule))
      .map(({ resources, verbs }) => `${verbs} ${resources}`)
      .filter((text) => !["get leases", ...RARE[kind] ?? []].includes(text));
    deepStrictEqual(unused, []);
  });
}
