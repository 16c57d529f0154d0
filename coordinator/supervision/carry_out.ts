import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { Mandate } from "../leadership/mandate.ts";
import type { Action } from "./actions.ts";
import type { SupervisionListener } from "./escalation.ts";
import { deletePods, quarantinePod } from "./pod_actions.ts";
import type { Supervised } from "./policy.ts";
import { RecordChanged, type RecordKeeper } from "./record_keeper.ts";
import { settle } from "./settle.ts";
import type { Moment } from "./supervise.ts";

/** What is needed to carry out what was decided. */
export interface CarryOutContext {
  readonly client: RestClient;
  /** The coordinator's name. */
  readonly coordinator: string;
  readonly mandate: Mandate;
  /** Aborts with the mandate, or when the supervisor is closed. */
  readonly signal: AbortSignal;
  /** The group. */
  readonly members: readonly Supervised[];
  readonly keeper: RecordKeeper;
  readonly listener: SupervisionListener;
  readonly clock: () => Moment;
}

/** Carries out one action that is recorded, marks it as done, and tells of it. */
export async function carryOut(action: Action, context: CarryOutContext): Promise<void> {
  const { mandate, members, keeper, listener, clock } = context;
  const holder = members.find(({ name }) => name === action.holder)!;
  const { name: workload, namespace, policy } = holder;
  const fact = { workload, namespace, app: policy.app };
  const pods = { ...context, namespace };
  const done = (): void => void (keeper.state = settle(keeper.state, action, clock()));
  mandate.check();
  switch (action.type) {
    case "restart":
      await deletePods(action.victims, pods);
      done();
      return listener.restarted({ ...fact, pods: action.victims.map(({ name }) => name) });
    case "replace":
      await deletePods([action.victim], pods, { grace: 0 });
      return done();
    case "quarantine": {
      const { pod, reason } = action.entry;
      const head = keeper.head(holder);
      if (head === undefined) throw new RecordChanged();
      await quarantinePod(action.entry, { ...pods, head });
      done();
      return listener.quarantined({ ...fact, pod, reason });
    }
    case "discard": {
      const { pod: name, uid } = action.entry;
      await deletePods([{ workload, name, uid }], pods);
      return done();
    }
    case "stop":
      return await stop(action, context);
    case "escalate": {
      const { strategy, maxRestarts, within } = policy;
      const failures = action.failures.map(({ pod, time, exitCode, reason }) => {
        return { pod, time, exitCode, reason };
      });
      const names = [...new Set(failures.map(({ pod }) => pod))];
      listener.escalated({ ...fact, strategy, pods: names, failures, maxRestarts, within });
      return done();
    }
  }
}

/** Scales a workload to zero, and records that it is stopped, in one write. */
async function stop(
  action: Action & { type: "stop" },
  { mandate, members, keeper, listener, clock }: CarryOutContext,
): Promise<void> {
  const member = members.find(({ name }) => name === action.workload);
  const head = member && keeper.head(member);
  if (head === undefined) throw new RecordChanged();
  const isCounted = head.kind === "Deployment" || head.kind === "StatefulSet";
  const replicas = isCounted ? head.spec?.replicas ?? 1 : 0;
  const state = settle(keeper.state, action, { ...clock(), replicas });
  const change = { spec: { replicas: 0 } };
  await keeper.write(member!, state.get(action.workload)!, { mandate, change });
  keeper.state = state;
  const { name: workload, namespace, policy } = member!;
  listener.stopped({ workload, namespace, app: policy.app, reason: action.reason, replicas });
}
