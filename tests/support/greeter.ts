import { denoImage, type ImageSpec } from "../../local/mod.ts";

const ROOT = new URL("../../", import.meta.url);

/** The images of the greeter: its programs from source, or compiled if the tests were given those. */
export function greeterImages(): Record<string, ImageSpec> {
  const executables = Deno.env.get("TROUPE_TEST_EXECUTABLES");
  if (executables !== undefined) {
    return {
      "worker:latest": [`${executables}/worker`],
      "supervisor:latest": [`${executables}/supervisor`],
    };
  }
  return {
    "worker:latest": denoImage(new URL("worker/main.ts", ROOT)),
    "supervisor:latest": denoImage(new URL("coordinator/main.ts", ROOT), {
      permissions: ["--allow-net", "--allow-env", "--allow-read"],
    }),
  };
}

/** The image that `run` is given, so that tests can run on nodes with a container runtime. */
export const WORKER_IMAGE: string = Deno.env.get("TROUPE_TEST_WORKER_IMAGE") ?? "worker:latest";

/** The supervisor's image, likewise. */
export const SUPERVISOR_IMAGE: string = Deno.env.get("TROUPE_TEST_SUPERVISOR_IMAGE") ??
  "supervisor:latest";

/** A program that ran to its end. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program of this repository from source, to its end. */
export async function runProgram(program: string, args: string[]): Promise<Finished> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", new URL(program, ROOT).pathname, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** A program that runs, and what it printed so far. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** All that it printed on both streams. */
  output(): string;
  /** Resolves when it has printed something that matches. */
  printed(pattern: RegExp, options?: { timeout?: number }): Promise<RegExpMatchArray>;
  /** Resolves when it has ended by itself. */
  ended(options?: { timeout?: number }): Promise<Deno.CommandStatus>;
  /** Sends a signal and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** Starts a command and collects what it prints. */
export function startProgram(command: string[], env: Record<string, string> = {}): Running {
  const [executable, ...args] = command as [string, ...string[]];
  const child = new Deno.Command(executable, {
    args,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const waiting = new Set<() => void>();
  async function collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      for (const look of [...waiting]) look();
    }
  }
  const ended = Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
  let over = false;
  ended.then(() => {
    over = true;
    for (const look of [...waiting]) look();
  });
  async function stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    if (!over) {
      try {
        child.kill(signal);
      } catch {
        // it ended just now
      }
    }
    return (await ended)[0];
  }
  return {
    pid: child.pid,
    output: () => text,
    printed(pattern, options = {}) {
      const { timeout = 30_000 } = options;
      const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
      const timer = setTimeout(
        () => reject(new Error(`Cannot see ${pattern} within ${timeout} ms in:\n${text}`)),
        timeout,
      );
      function look(): void {
        const found = text.match(pattern);
        if (found) resolve(found);
        else if (over) reject(new Error(`Cannot see ${pattern}: the program ended with:\n${text}`));
      }
      waiting.add(look);
      look();
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(look);
      });
    },
    async ended({ timeout = 30_000 } = {}) {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new Error(`Cannot see the end within ${timeout} ms of:\n${text}`)),
        timeout,
      );
      try {
        return (await Promise.race([ended, promise]))[0];
      } finally {
        clearTimeout(timer);
      }
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
    },
  };
}
