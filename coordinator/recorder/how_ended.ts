import type { PodState } from "../events/events.ts";
import { containerStatuses, signalOf } from "../events/pod_failure.ts";

/** Names of the signals that end processes, by their numbers on Linux. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
};

/** Says how the container of a pod ended that ended last and not well. */
export function howEnded(pod: PodState): string {
  const ends = containerStatuses(pod.source).flatMap(({ name, state, lastState }) => {
    const ended = state?.terminated ?? lastState?.terminated;
    return ended == null ? [] : [{ name, ended, at: ended.finishedAt?.getTime() ?? 0 }];
  });
  const bad = ends.filter(({ ended }) => ended.exitCode !== 0);
  const [last] = (bad.length > 0 ? bad : ends).sort((a, b) => b.at - a.at);
  if (last === undefined) {
    return [pod.reason ?? "no container has run", pod.message].filter(Boolean).join(", ");
  }
  const { name, ended } = last;
  const signal = signalOf(ended);
  const by = signal === undefined ? "" : ` (${SIGNALS[signal] ?? `signal ${signal}`})`;
  const said = ended.message ? `, saying ${JSON.stringify(ended.message.trim())}` : "";
  const reason = ended.reason && !["Error", "Completed"].includes(ended.reason)
    ? `, ${ended.reason}`
    : "";
  return `container "${name}" ended with exit code ${ended.exitCode}${by}${reason}${said}`;
}
