/**
 * Lets a program that lives on fetch its tasks over HTTP, at the address that it finds in the variable
 * `TROUPE_TASKS_URL`. The address is a loopback one, and its path is random: who does not know it gets
 * nothing.
 *
 * | request | answer |
 * | --- | --- |
 * | `GET $TROUPE_TASKS_URL` | 200 and a task, `{ "id", "input" }`; 204 after half a minute without one: ask again; 410 when there will be none |
 * | `POST $TROUPE_TASKS_URL/<id>` with the result as JSON | 204; 404 if nobody waits for it any more; 400 if it is no JSON |
 * | `POST $TROUPE_TASKS_URL/<id>/error` with `{ "message", "data" }` | the same; the task has failed |
 *
 * A program may fetch several tasks, and from several processes. When its first process ends, the tasks
 * that were fetched are lost with it, and it is started again. A task that nobody waits for any more may
 * still be answered within the grace; then the program is taken for stuck, and ended.
 */
import { z } from "zod";
import type { Json } from "../../messaging/mod.ts";
import { CommandError, endedError } from "./command_error.ts";
import {
  type CheckedCommandOptions,
  type CommandOptions,
  type CommandRunner,
  type CommandTask,
  withDefaults,
} from "./command_runner.ts";
import { LivingProgram } from "./living_program.ts";
import { Output } from "./output.ts";
import type { ProgramExit } from "./program.ts";

/** How long a request for a task is held while there is none, in milliseconds. */
const HOLD_MS = 30_000;

const failure = z.object({
  message: z.string().default("it said nothing"),
  data: z.json().optional(),
});

/** Options of {@linkcode HttpRunner}. */
export interface HttpOptions extends CommandOptions {
  /** The program cannot be kept alive. */
  onHopeless: (error: Error) => void;
}

/** A task, and whether the program has fetched it. */
interface Entry {
  readonly task: CommandTask;
  readonly settled: PromiseWithResolvers<Json>;
  fetched: boolean;
}

/** See the module's text. */
export class HttpRunner implements CommandRunner {
  readonly #options: CheckedCommandOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #end = new AbortController();
  readonly #living: LivingProgram;
  /** In the order in which they came. */
  readonly #entries = new Map<string, Entry>();
  /** Requests for a task that are held; each is told that there may be one. */
  readonly #held: (() => void)[] = [];
  /** Counts the lives of the program: who asked in a former one gets nothing any more. */
  #life = 0;
  #closed = false;

  /**
   * Listens, and starts the program.
   *
   * @throws {StartError} if the program cannot be started
   */
  constructor(options: HttpOptions) {
    const path = `/${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll("-", "");
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      signal: this.#end.signal,
      onListen: () => {},
    }, (request, { completed }) => this.#answer(request, { path, completed }));
    const url = `http://127.0.0.1:${this.#server.addr.port}${path}`;
    this.#options = withDefaults({
      ...options,
      env: { ...options.env, TROUPE_TASKS_URL: url },
    });
    try {
      this.#living = new LivingProgram(this.#options, {
        onStart: (program) => void program.closeInput(),
        onOutput: (_, chunk) => Deno.stdout.write(chunk),
        onEnd: (_, exit) => this.#programEnded(exit),
        onHopeless: (error) => {
          for (const { settled } of this.#entries.values()) settled.reject(error);
          options.onHopeless(error);
        },
      });
    } catch (error) {
      this.#end.abort();
      throw error;
    }
  }

  /** Does a task, when the program fetches it. */
  async run(task: CommandTask): Promise<Json> {
    task.signal.throwIfAborted();
    if (this.#living.hopeless) throw this.#living.hopeless;
    const settled = Promise.withResolvers<Json>();
    const entry: Entry = { task, settled, fetched: false };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = (): void => {
      if (!entry.fetched) settled.reject(task.signal.reason);
      else timer = setTimeout(() => this.#endProgram(), this.#options.grace);
    };
    task.signal.addEventListener("abort", abort, { once: true });
    this.#entries.set(task.id, entry);
    this.#held.shift()?.();
    try {
      // whatever came of it, nobody waits for it any more
      return await settled.promise.finally(() => task.signal.throwIfAborted());
    } finally {
      this.#entries.delete(task.id);
      clearTimeout(timer);
      task.signal.removeEventListener("abort", abort);
    }
  }

  /** Says that no tasks come any more, ends the program, and listens no more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#held.splice(0)) wake();
    await this.#living.close();
    this.#end.abort();
    await this.#server.finished;
  }

  /** Kills the program. */
  kill(): void {
    this.#living.kill();
  }

  #endProgram(): void {
    const { program } = this.#living;
    if (program !== undefined) this.#living.end(program);
  }

  #programEnded(exit: ProgramExit): void {
    this.#life++;
    for (const wake of this.#held.splice(0)) wake();
    const lost = [...this.#entries.values()].filter(({ fetched }) => fetched);
    this.#options.onExit(exit, lost.map(({ task }) => task.id));
    const [name = ""] = this.#options.command;
    for (const { settled } of lost) settled.reject(endedError(name, "died", exit));
  }

  async #answer(
    request: Request,
    { path, completed }: { path: string; completed: Promise<void> },
  ): Promise<Response> {
    const { pathname } = new URL(request.url);
    const [id, what, ...more] = pathname.slice(path.length + 1).split("/");
    if (!`${pathname}/`.startsWith(`${path}/`) || more.length > 0) return text(404, "not found");
    if (!id) {
      if (request.method !== "GET") return text(405, "GET fetches a task");
      return await this.#give(request.signal, completed);
    }
    if (request.method !== "POST") return text(405, "POST answers a task");
    if (what !== undefined && what !== "error") return text(404, "not found");
    return await this.#take(request, { id, failed: what === "error" });
  }

  /** Gives the first task that has not been fetched; waits for one. */
  async #give(left: AbortSignal, completed: Promise<void>): Promise<Response> {
    const [until, life] = [performance.now() + HOLD_MS, this.#life];
    while (!this.#closed && !left.aborted && life === this.#life) {
      // what is being ended gets nothing new
      const entry = this.#living.program && this.#next();
      if (entry !== undefined) {
        entry.fetched = true;
        completed.catch(() => this.#giveBack(entry)); // who asked for it is gone
        return Response.json({ id: entry.task.id, input: entry.task.input });
      }
      const rest = until - performance.now();
      if (rest <= 0) return new Response(null, { status: 204 });
      await this.#hold(rest, left);
    }
    if (left.aborted) this.#held.shift()?.(); // what it was woken for is another one's
    return text(410, "there will be no more tasks");
  }

  #next(): Entry | undefined {
    return this.#entries.values().find(({ fetched }) => !fetched);
  }

  #giveBack(entry: Entry): void {
    if (entry.task.signal.aborted) entry.settled.reject(entry.task.signal.reason);
    entry.fetched = false;
    this.#held.shift()?.();
  }

  /** Waits for a task, for who asks to leave, or for the time to be over. */
  async #hold(ms: number, left: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#held.push(resolve);
    left.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    const at = this.#held.indexOf(resolve);
    if (at >= 0) this.#held.splice(at, 1);
  }

  /** Takes the answer to a task. */
  async #take(
    request: Request,
    { id, failed }: { id: string; failed: boolean },
  ): Promise<Response> {
    const body = await read(request, this.#options.maxOutput);
    const entry = this.#entries.get(id);
    if (!entry?.fetched) return text(404, "nobody waits for this task");
    if (body === undefined) {
      const reason = `it sent more than ${this.#options.maxOutput} bytes`;
      return this.#fail(
        entry,
        new CommandError(`Cannot take the result: ${reason}`, "output", { reason }),
        413,
      );
    }
    let value: Json;
    try {
      value = body === "" ? null : JSON.parse(body);
    } catch {
      return text(400, "the body is no JSON");
    }
    if (failed) {
      const { success, data } = failure.safeParse(value ?? {});
      if (!success) return text(400, 'the body is not { "message", "data" }');
      return this.#fail(entry, new CommandError(data.message, "failed", data), 204);
    }
    this.#living.works();
    entry.settled.resolve(value);
    return this.#accepted(entry);
  }

  #fail(entry: Entry, error: CommandError, status: 204 | 413): Response {
    this.#living.works();
    entry.settled.reject(error);
    return status === 413 ? text(413, error.message) : this.#accepted(entry);
  }

  #accepted({ task }: Entry): Response {
    if (task.signal.aborted) return text(404, "nobody waits for this task");
    return new Response(null, { status: 204 });
  }
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, { status });
}

/** A request's body; undefined if it is too long. */
async function read(request: Request, max: number): Promise<string | undefined> {
  const output = new Output(max);
  for await (const chunk of request.body ?? []) {
    if (!output.add(chunk)) return undefined;
  }
  return output.take();
}
