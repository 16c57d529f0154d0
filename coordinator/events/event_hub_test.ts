import { deepStrictEqual } from "node:assert/strict";
import { toDeployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { toJob } from "@cloudydeno/kubernetes-apis/batch/v1";
import { type Pod, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Change } from "../../kube/mod.ts";
import type { Head } from "../heads.ts";
import { EventHub } from "./event_hub.ts";
import type { PodEvent } from "./events.ts";
import { headState } from "./head_state.ts";
import { nodeState } from "./node_state.ts";
import { podState } from "./pod_state.ts";
import { StateFeed } from "./state_feed.ts";

function start() {
  const feeds = {
    pods: new StateFeed(podState),
    workloads: new StateFeed(headState),
    nodes: new StateFeed(nodeState),
  };
  const errors: unknown[] = [];
  const handled: string[] = [];
  const hub = new EventHub(feeds, (error) => void errors.push(error), {
    onHandled: ({ event, ms, failure }) => {
      const outcome = failure === undefined ? "ok" : (failure.error as Error).message;
      handled.push(`${event.kind} ${event.type} ${ms >= 0} ${outcome}`);
    },
  });
  return { feeds, errors, handled, hub };
}

function pod(name: string, label: string, uid = name): Pod {
  return toPod({ metadata: { name, namespace: "team", uid, labels: { label } } });
}

function change<T>(type: Change<T>["type"], object: T, replayed = false): Change<T> {
  return { type, object, replayed };
}

/** What a handler hears, and a hand on when it is done with each. */
class Handler {
  readonly heard: string[] = [];
  busy: PromiseWithResolvers<void> | undefined;

  readonly handle = async (e: PodEvent): Promise<void> => {
    this.heard.push(`${e.name} ${e.labels.label} ${e.type}${e.replayed ? " replayed" : ""}`);
    await this.busy?.promise;
  };
}

/** Lets dispatchers run. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("EventHub.shut() drops what waits, and open() tells the present state again", async () => {
  const { feeds, hub } = start();
  const handler = new Handler();
  hub.onPodEvent(handler.handle);
  feeds.pods.take(change("added", pod("a", "1"), true));
  hub.open();
  handler.busy = Promise.withResolvers();
  await settle();
  feeds.pods.take(change("modified", pod("a", "2")));
  const shut = hub.shut(60_000);
  feeds.pods.take(change("modified", pod("a", "3")));
  handler.busy.resolve();
  handler.busy = undefined;
  await shut;
  await settle();
  deepStrictEqual(handler.heard.splice(0), ["a 1 pending replayed"]);
  hub.open();
  await settle();
  deepStrictEqual(handler.heard, ["a 3 pending replayed"]);
  await hub.close(0);
});

Deno.test("EventHub.open() tells again what has not changed, and as deleted what is gone", async () => {
  const { feeds, hub } = start();
  const handler = new Handler();
  hub.onPodEvent(handler.handle);
  hub.open();
  for (const name of ["stays", "goes", "new"]) {
    feeds.pods.take(change("added", pod(name, "1")));
  }
  await settle();
  handler.heard.length = 0;
  await hub.shut(0);
  feeds.pods.take(change("deleted", pod("goes", "1")));
  feeds.pods.take(change("deleted", pod("new", "1")));
  feeds.pods.take(change("added", pod("new", "2", "other")));
  hub.open();
  await settle();
  deepStrictEqual(handler.heard.sort(), [
    "goes 1 deleted",
    "new 1 deleted",
    "new 2 pending replayed",
    "stays 1 pending replayed",
  ]);
  await hub.close(0);
});

Deno.test("EventHub.shut() loses no deletion that waited", async () => {
  const { feeds, hub } = start();
  const handler = new Handler();
  hub.onPodEvent(handler.handle);
  hub.open();
  feeds.pods.take(change("added", pod("a", "1")));
  handler.busy = Promise.withResolvers();
  await settle();
  feeds.pods.take(change("deleted", pod("a", "1")));
  await hub.shut(0);
  hub.open();
  handler.busy.resolve();
  await settle();
  deepStrictEqual(handler.heard, ["a 1 pending", "a 1 deleted"]);
  await hub.close(0);
});

Deno.test("EventHub tells a handler what it missed while it was busy, and others at once", async () => {
  const { feeds, hub } = start();
  const [slow, quick] = [new Handler(), new Handler()];
  hub.onPodEvent(slow.handle);
  hub.onPodEvent(quick.handle);
  hub.open();
  slow.busy = Promise.withResolvers();
  const crashed = (label: string, restartCount: number): Pod => {
    const status = { name: "worker", image: "", imageID: "", ready: false, restartCount };
    return {
      ...pod("a", label),
      status: { phase: "Running", containerStatuses: [{ ...status, state: { running: {} } }] },
    };
  };
  for (const n of [1, 2, 3]) {
    feeds.pods.take(change(n === 1 ? "added" : "modified", crashed(String(n), n - 1)));
    await settle();
  }
  slow.busy.resolve();
  slow.busy = undefined;
  await settle();
  const running = "running";
  deepStrictEqual(slow.heard, [`a 1 ${running}`, "a 3 restarted", `a 3 ${running}`]);
  deepStrictEqual(quick.heard, [
    `a 1 ${running}`,
    "a 2 restarted",
    `a 2 ${running}`,
    "a 3 restarted",
    `a 3 ${running}`,
  ]);
  await hub.close(0);
});

Deno.test("EventHub reports what a handler throws, and tells it the next event of the change", async () => {
  const { feeds, hub, errors } = start();
  const heard: string[] = [];
  hub.onPodEvent((e) => {
    heard.push(e.type);
    throw new Error(e.type);
  });
  hub.open();
  const evicted = { ...pod("a", "1"), status: { phase: "Failed", reason: "Evicted" } };
  feeds.pods.take(change("added", evicted));
  await settle();
  deepStrictEqual(heard, ["failing", "failed"]);
  deepStrictEqual(errors.map((e) => (e as Error).message), heard);
  await hub.close(0);
});

Deno.test("EventHub tells kinds of the same name apart, and Deployments to those who ask for them", async () => {
  const { feeds, hub } = start();
  const all: string[] = [];
  const deployments: string[] = [];
  hub.onWorkloadEvent((e) => void all.push(`${e.kind} ${e.type}`));
  hub.onDeploymentEvent((e) => void deployments.push(`${e.kind} ${e.type}`));
  hub.open();
  const metadata = { name: "w", namespace: "team", uid: "u" };
  const template = { spec: { containers: [] } };
  const job = toJob({ metadata, spec: { template } }) as Head;
  const deployment = toDeployment({ metadata, spec: { selector: {}, template } }) as Head;
  feeds.workloads.take(change("added", job));
  feeds.workloads.take(change("added", deployment));
  await settle();
  feeds.workloads.take(change("deleted", job));
  await settle();
  deepStrictEqual(all, ["Job created", "Deployment created", "Job deleted"]);
  deepStrictEqual(deployments, ["Deployment created"]);
  await hub.close(0);
});

Deno.test("EventHub says how handlers end, and what waits for them", async () => {
  const { feeds, hub, handled } = start();
  const handler = new Handler();
  hub.onPodEvent(handler.handle);
  hub.onPodEvent(() => Promise.reject(new Error("no")));
  const stream = hub.events(undefined);
  hub.open();
  handler.busy = Promise.withResolvers();
  feeds.pods.take(change("added", pod("a", "1")));
  await settle();
  feeds.pods.take(change("modified", pod("a", "2")));
  const pods = hub.queues().filter(({ kind }) => kind === "Pod");
  deepStrictEqual(pods.map(({ depth, running }) => [depth, running]), [[1, 1], [1, 1], [1, 1]]);
  await settle();
  handler.busy.resolve();
  handler.busy = undefined;
  await settle();
  deepStrictEqual(handled.sort(), [
    "Pod pending true no",
    "Pod pending true no",
    "Pod pending true ok",
    "Pod pending true ok",
  ]);
  await hub.close(0);
  await stream.return();
});
