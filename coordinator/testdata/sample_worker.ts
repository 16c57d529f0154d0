// The design's program, to the letter.
// deno-fmt-ignore-file
import { Worker } from "@troupe/troupe";

const worker = await Worker.create({ name: "greeter-worker", port: 8086 });
worker.onWorkerEvent((e) => console.log(`worker ${e.type}`));
worker.serve(() => new Response("Hello, world!\n"));
await worker.start();
