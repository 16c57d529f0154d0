import { killMarked, signalGroup } from "./processes.ts";
import { type ExecProcess, StartError } from "./runtime.ts";
import { signalNumber } from "./signals.ts";

/**
 * How long an output may be silent after the command has ended before it is taken for ended too (ms):
 * what the command left behind has it open still.
 */
const QUIET_MS = 1000;

/**
 * Starts a command that leads its own process group; throws `StartError` if it cannot be run. What it
 * leaves behind when it ends runs on, as in a container; `mark`, which its environment has, is by what
 * that is found when the container ends.
 */
export function startExec(
  command: readonly string[],
  { options, mark }: { options: Deno.CommandOptions; mark: string },
): ExecProcess {
  const [program = "", ...args] = command;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      ...options,
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot run "${program}": ${reason}`, { cause });
  }
  const status = child.status
    .then(({ code, signal }) => signal === null ? code : 128 + signalNumber(signal));
  return {
    stdin: child.stdin,
    stdout: untilQuiet(child.stdout, status),
    stderr: untilQuiet(child.stderr, status),
    status,
    kill() {
      signalGroup(child.pid, "SIGKILL");
      killMarked(mark);
    },
  };
}

/** What `source` has; once the command has ended, no more than comes without a pause. */
function untilQuiet(
  source: ReadableStream<Uint8Array>,
  ended: Promise<unknown>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let reading = false;
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = () => {
    timer = setTimeout(() => reader.cancel().catch(() => {}), QUIET_MS);
  };
  ended.then(() => {
    over = true;
    if (reading) arm();
  });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      reading = true;
      if (over) arm();
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } finally {
        reading = false;
        clearTimeout(timer);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
