import type { ReplicaConfig, ReplicaLine } from "./replica.ts";
import { type Running, startProgram } from "./greeter.ts";

/** A replica that runs, and what it has printed. */
export interface Replica extends Running {
  /** What it has printed so far. */
  lines(): ReplicaLine[];
  /** The highest token with which it says that it led; 0 if it never did. */
  token(): number;
}

/** Starts a replica of a coordinator as a process of its own. */
export function startReplica(config: ReplicaConfig): Replica {
  const program = new URL("replica.ts", import.meta.url).pathname;
  const flags = ["run", "--quiet", "--no-prompt", "--no-check", "-A"];
  const running = startProgram([Deno.execPath(), ...flags, program, JSON.stringify(config)]);
  let read = 0;
  const lines: ReplicaLine[] = [];
  const unread: string[] = [];
  function take(): ReplicaLine[] {
    const output = running.output();
    const end = output.lastIndexOf("\n") + 1;
    for (const text of output.slice(read, end).split("\n")) {
      if (text.startsWith("{")) lines.push(JSON.parse(text));
      else if (text !== "") unread.push(text);
    }
    read = Math.max(read, end);
    return lines;
  }
  return {
    ...running,
    lines: take,
    token: () => Math.max(0, ...take().map((l) => l.line === "leading" ? l.token : 0)),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
