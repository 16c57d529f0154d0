/**
 * The greeter's worker: answers every request with `Hello, world!` at port 8086.
 *
 * @module
 */
import { namespaceName, runProgram } from "../runtime/mod.ts";
import { Worker } from "./mod.ts";

const program = {
  name: "worker",
  summary: "The greeter's worker: serves Hello, world! over HTTP at port 8086 (or TROUPE_PORT).",
  flags: {
    namespace: {
      schema: namespaceName,
      value: "NAME",
      help: 'namespace it belongs to (default: the pod\'s, POD_NAMESPACE, else "default")',
    },
  },
};

if (import.meta.main) {
  await runProgram(program, async ({ namespace }) => {
    await using worker = await Worker.create({ name: "greeter-worker", namespace, port: 8086 });
    worker.onError((e) => console.error(`worker: ${e.message}`));
    worker.onWorkerEvent((e) => {
      const where = e.type === "started" ? ` at http://${e.hostname}:${e.port}/` : "";
      console.log(`worker ${e.type}${where}`);
    });
    worker.serve(() => new Response("Hello, world!\n"));
    await worker.start();
  });
}
