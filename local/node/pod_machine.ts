/**
 * The life of a pod as one pure function: `step(state, input)` gives the next state, what to do,
 * and when to look again. It knows no API, no process and no timer, so it is tested as a table.
 *
 *   waiting → starting → running → terminated → (waiting → starting → …)
 *
 * Init containers run one after another, the others together after them. Which of this happens is
 * derived from the present state at each step, so it recovers from any order of inputs.
 */
import type { Container, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { nextDelay, type RestartBackoff } from "./backoff.ts";
import {
  containerSpec,
  isAlive,
  isFinal,
  isOver,
  isSidecar,
  podGrace,
  podText,
  restarts,
} from "./pod_rules.ts";
import {
  type ContainerState,
  containerState,
  type PodEffect,
  type PodInput,
  type PodState,
  type Terminated,
  withContainer,
} from "./pod_state.ts";

/** What a step needs to know beside state and input. */
export interface StepContext {
  /** The pod as the API has it. */
  readonly pod: Pod;
  /** Monotonic time (ms). */
  readonly now: number;
  /** Wall time. */
  readonly date: Date;
  readonly backoff: RestartBackoff;
}

/** What a step gives. */
export interface StepResult {
  readonly state: PodState;
  readonly effects: readonly PodEffect[];
  /** Look again after this time (ms). */
  readonly after?: number;
}

/** The state of a pod that nothing is known of. */
export function initialState(context: StepContext): PodState {
  const spec = context.pod.spec;
  const initializing = (spec?.initContainers ?? []).length > 0;
  const fresh = (reason: string) => (container: Container): ContainerState => ({
    name: container.name,
    now: { is: "waiting", reason },
    attempts: 0,
  });
  return {
    init: (spec?.initContainers ?? []).map(fresh("PodInitializing")),
    main: (spec?.containers ?? []).map(
      fresh(initializing ? "PodInitializing" : "ContainerCreating"),
    ),
    startTime: context.date,
    acceptedAt: context.now,
  };
}

/** Takes an input in and says what follows. */
export function step(state: PodState, input: PodInput, context: StepContext): StepResult {
  const effects: PodEffect[] = [];
  const taken = take(state, input, { context, effects });
  return advance(taken, { context, effects });
}

interface Work {
  readonly context: StepContext;
  readonly effects: PodEffect[];
}

function take(state: PodState, input: PodInput, work: Work): PodState {
  if (input.type === "look") return state;
  if (input.type === "shutdown" || input.type === "vanished") return stop(state, input.grace);
  const container = containerState(state, input.container);
  if (container === undefined) return state;
  const { effects, context } = work;
  const event = (type: "Normal" | "Warning", reason: string, message: string) =>
    effects.push({ do: "event", type, reason, message, container: container.name });
  switch (input.type) {
    case "started": {
      event("Normal", "Started", `Started container ${container.name}`);
      return withContainer(state, startProbes(container, input, work));
    }
    case "start failed": {
      event("Warning", "Failed", `Error: ${input.message}`);
      const exit: Terminated = {
        is: "terminated",
        code: 128,
        reason: "StartError",
        message: input.message,
        finishedAt: context.date,
      };
      return withContainer(state, ended({ ...container, attempts: container.attempts + 1 }, exit));
    }
    case "blocked": {
      const delay = nextDelay(container.blockedDelay ?? 0, context.backoff);
      return withContainer(state, {
        ...container,
        blockedDelay: delay,
        now: {
          is: "waiting",
          reason: container.blockedDelay ? input.waitReason ?? input.reason : input.reason,
          message: container.blockedDelay ? input.waitMessage ?? input.message : input.message,
          untilAt: context.now + delay,
        },
      });
    }
    case "exited": {
      const running = container.now.is === "running" ? container.now : undefined;
      const exit: Terminated = {
        is: "terminated",
        code: input.code,
        signal: input.signal,
        reason: input.code === 0 ? "Completed" : "Error",
        startedAt: running?.startedAt,
        finishedAt: input.finishedAt,
        id: running?.id,
      };
      const longEnough = running !== undefined &&
        context.now - running.sinceAt >= context.backoff.resetAfter;
      return withContainer(
        state,
        ended(longEnough ? { ...container, delay: undefined } : container, exit),
      );
    }
    case "probed":
      return withContainer(state, probed(container, input, work));
  }
}

function ended(container: ContainerState, exit: Terminated): ContainerState {
  return { ...container, now: exit };
}

/** A new attempt runs: which of its probes begin, and is it ready without? */
function startProbes(
  container: ContainerState,
  input: PodInput & { type: "started" },
  { context, effects }: Work,
): ContainerState {
  const spec = containerSpec(context.pod, container.name);
  const started = !spec?.startupProbe;
  const ready = started && !input.waits;
  const probes = started ? ["readiness", "liveness"] as const : ["startup"] as const;
  for (const probe of probes) {
    const wanted = probe === "readiness" ? input.waits : spec?.[`${probe}Probe`] != null;
    if (wanted) effects.push({ do: "probe", container: container.name, probe });
  }
  return {
    ...container,
    attempts: container.attempts + 1,
    blockedDelay: undefined,
    last: container.now.is === "terminated" ? container.now : container.last,
    now: {
      is: "running",
      id: input.id,
      startedAt: input.startedAt,
      sinceAt: context.now,
      started,
      ready,
    },
  };
}

function probed(
  container: ContainerState,
  input: PodInput & { type: "probed" },
  { context, effects }: Work,
): ContainerState {
  const { name, now } = container;
  if (now.is !== "running") return container;
  if (input.probe === "readiness") return { ...container, now: { ...now, ready: input.ok } };
  if (input.ok) {
    if (input.probe !== "startup" || now.started) return container;
    const spec = containerSpec(context.pod, name);
    const waits = spec?.readinessProbe != null;
    if (waits) effects.push({ do: "probe", container: name, probe: "readiness" });
    if (spec?.livenessProbe) effects.push({ do: "probe", container: name, probe: "liveness" });
    return { ...container, now: { ...now, started: true, ready: !waits } };
  }
  if (now.stopGrace !== undefined) return container;
  effects.push({
    do: "event",
    type: "Normal",
    reason: "Killing",
    message: `Container ${name} failed ${input.probe} probe, will be restarted`,
    container: name,
  });
  const spec = containerSpec(context.pod, name);
  const own = spec?.[`${input.probe}Probe`]?.terminationGracePeriodSeconds;
  const grace = own != null ? own * 1000 : podGrace(context.pod);
  effects.push({ do: "stop", container: name, grace });
  return { ...container, now: { ...now, stopGrace: grace } };
}

/** Derives what must happen from the present state. */
function advance(before: PodState, work: Work): StepResult {
  const { context, effects } = work;
  const { pod, now } = context;
  let state = before;
  if (pod.metadata?.deletionTimestamp) {
    const seconds = pod.metadata.deletionGracePeriodSeconds;
    state = stop(state, seconds != null ? seconds * 1000 : podGrace(pod));
  }
  const deadline = pod.spec?.activeDeadlineSeconds;
  let wake = Infinity;
  if (deadline != null && !state.stopping && !isFinal(state, pod)) {
    const left = state.startTime.getTime() + deadline * 1000 - context.date.getTime();
    if (left > 0) wake = Math.min(wake, now + left);
    else {
      const message = "Pod was active on the node longer than the specified deadline";
      effects.push({ do: "event", type: "Normal", reason: "DeadlineExceeded", message });
      state = { ...stop(state, podGrace(pod)), failed: { reason: "DeadlineExceeded", message } };
    }
  }
  // Sidecars alone are no reason to go on.
  const over = state.main.length > 0 && state.main.every((one) => isOver(one, pod));
  if (over && state.init.some(isAlive)) state = stop(state, podGrace(pod));
  if (state.stopping) state = stopContainers(state, work);
  else {
    const turn = whoseTurn(state, pod);
    for (const container of turn) {
      const next = tryStart(container, work);
      state = withContainer(state, next);
      if (next.now.is === "waiting" && next.now.untilAt !== undefined) {
        wake = Math.min(wake, next.now.untilAt);
      }
    }
  }
  if (!state.finished && isFinal(state, pod)) {
    state = { ...state, finished: true };
    effects.push({ do: "finish" });
  }
  return { state, effects, after: wake === Infinity ? undefined : Math.max(0, wake - now) };
}

function stop(state: PodState, grace: number): PodState {
  if (state.stopping && state.stopping.grace <= grace) return state;
  return { ...state, stopping: { grace } };
}

function stopContainers(before: PodState, { effects, context }: Work): PodState {
  let state = before;
  const grace = before.stopping!.grace;
  const sidecars = new Set(before.init.filter((one) => isSidecar(context.pod, one.name)));
  const mainEnded = before.main.every((one) => !isAlive(one));
  for (const container of [...before.main, ...before.init]) {
    const { name, now } = container;
    // Sidecars serve the others until these have ended.
    if (sidecars.has(container) && !mainEnded) continue;
    if (now.is !== "running" || (now.stopGrace !== undefined && now.stopGrace <= grace)) continue;
    if (now.stopGrace === undefined) {
      effects.push({
        do: "event",
        type: "Normal",
        reason: "Killing",
        message: `Stopping container ${name}`,
        container: name,
      });
    }
    effects.push({ do: "stop", container: name, grace });
    state = withContainer(state, { ...container, now: { ...now, stopGrace: grace } });
  }
  return state;
}

/** The containers that may start or restart now. */
function whoseTurn(state: PodState, pod: Pod): readonly ContainerState[] {
  if (isFinal(state, pod)) return [];
  const turn: ContainerState[] = [];
  for (const container of state.init) {
    const sidecar = isSidecar(pod, container.name);
    if (sidecar) {
      turn.push(container);
      if (container.now.is === "running" && container.now.started) continue;
      return turn;
    }
    if (container.now.is === "terminated" && container.now.code === 0) continue;
    turn.push(container);
    return turn;
  }
  return [...turn, ...state.main];
}

/** Starts a container whose turn it is, or has it wait. */
function tryStart(container: ContainerState, { context, effects }: Work): ContainerState {
  const { pod, now, backoff } = context;
  const blocked = container.now.is === "waiting" && container.blockedDelay !== undefined
    ? container.now
    : undefined;
  const start = (): ContainerState => {
    effects.push({ do: "start", container: container.name, attempt: container.attempts });
    return {
      ...container,
      last: container.now.is === "terminated" ? container.now : container.last,
      now: { is: "starting", ...(blocked && { blocked }) },
    };
  };
  if (container.now.is === "waiting") {
    return (container.now.untilAt ?? now) > now ? container : start();
  }
  if (container.now.is !== "terminated" || !restarts(container, pod)) return container;
  const delay = nextDelay(container.delay, backoff);
  if (delay === 0) return { ...start(), delay };
  effects.push({
    do: "event",
    type: "Warning",
    reason: "BackOff",
    message: `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`,
    container: container.name,
  });
  return {
    ...container,
    delay,
    last: container.now,
    now: {
      is: "waiting",
      reason: "CrashLoopBackOff",
      message: `back-off ${delay / 1000}s restarting failed container=${container.name} ` +
        `pod=${podText(pod)}`,
      untilAt: now + delay,
    },
  };
}
