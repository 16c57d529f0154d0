// Holds a lock once, and ends.
import { Worker } from "../mod.ts";

await using worker = await Worker.create({ name: "w", port: 0 });
const primitives = await worker.primitives();
await using held = await primitives.mutex("orders").acquire({ timeout: 20_000 });
console.log(held.scope);
