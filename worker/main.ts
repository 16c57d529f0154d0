/**
 * The greeter's worker: answers every request with `Hello, world!` at port 8086. With a command behind
 * `--` it is a worker that gives its tasks to that program, in any language.
 *
 * @module
 */
import { namespaceName, runProgram } from "../runtime/mod.ts";
import { checkCommand, commandFlags, splitCommand } from "./command/command_flags.ts";
import { serveCommand } from "./command/serve_command.ts";
import { Worker } from "./mod.ts";

const program = {
  name: "worker",
  summary: `The greeter's worker: serves Hello, world! over HTTP at port 8086 (or TROUPE_PORT).
With a command: a worker that gives it tasks, by its standard input and output, or over HTTP.`,
  operands: "[-- command args…]",
  flags: {
    namespace: {
      schema: namespaceName,
      value: "NAME",
      help: 'namespace it belongs to (default: the pod\'s, POD_NAMESPACE, else "default")',
    },
    ...commandFlags,
  },
};

/** Prints what becomes of a worker. */
function watch(worker: Worker): void {
  worker.onError((e) => console.error(`worker: ${e.message}`));
  worker.onWorkerEvent((e) => {
    const where = e.type === "started" ? ` at http://${e.hostname}:${e.port}/` : "";
    console.log(`worker ${e.type}${where}`);
  });
}

async function greet(namespace: string | undefined): Promise<void> {
  await using worker = await Worker.create({ name: "greeter-worker", namespace, port: 8086 });
  watch(worker);
  worker.serve(() => new Response("Hello, world!\n"));
  await worker.start();
}

if (import.meta.main) {
  const { args, command } = splitCommand(Deno.args);
  await runProgram(program, async ({ namespace, ...flags }) => {
    checkCommand(flags, command);
    if (command === undefined) await greet(namespace);
    else await serveCommand(command, { namespace, flags, watch });
  }, { args });
}
