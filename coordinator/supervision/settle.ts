import type { Action } from "./actions.ts";
import { draftOf, type GroupState, type Memory } from "./state.ts";
import type { Moment } from "./supervise.ts";

/** What else is known of an action that was done. */
export interface Outcome extends Moment {
  /** How many workers a workload had that was stopped. */
  readonly replicas?: number;
}

/** Marks an action as done. */
export function settle(state: GroupState, action: Action, outcome: Outcome): GroupState {
  const draft = draftOf(state);
  const memory = draft.get(action.holder);
  if (memory !== undefined) settleOn(memory, action, outcome);
  if (action.type === "stop") {
    const { time, replicas = 0 } = outcome;
    const stopped = draft.get(action.workload);
    if (stopped) stopped.stopped ??= { time, reason: action.reason, replicas };
    if (stopped) stopped.restart = undefined;
  }
  return draft;
}

function settleOn(memory: Memory, action: Action, { now }: Outcome): void {
  switch (action.type) {
    case "restart": {
      const done = new Set(action.victims.map(({ uid }) => uid));
      const { restart } = memory;
      if (restart === undefined) return;
      restart.victims = restart.victims.filter(({ uid }) => !done.has(uid));
      memory.restarted = now;
      if (restart.victims.length === 0) memory.restart = undefined;
      return;
    }
    case "replace":
      memory.lost = memory.lost.filter(({ uid }) => uid !== action.victim.uid);
      return;
    case "quarantine": {
      const entry = memory.quarantined.find(({ uid }) => uid === action.entry.uid);
      if (entry?.phase === "pending") entry.phase = "kept";
      return;
    }
    case "discard":
      memory.quarantined = memory.quarantined.filter(({ uid }) => uid !== action.entry.uid);
      return;
    case "stop": {
      const { stopping } = memory;
      if (stopping === undefined) return;
      stopping.workloads = stopping.workloads.filter((name) => name !== action.workload);
      if (stopping.workloads.length === 0) memory.stopping = undefined;
      return;
    }
    case "escalate":
      if (memory.escalation) memory.escalation.told = true;
  }
}
