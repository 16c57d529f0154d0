// A worker that exits with code 3 when it is asked to, and answers slowly when it is asked to.
import { Worker } from "../../worker/mod.ts";

const worker = await Worker.create({ name: "crashing-worker" });
worker.serve(async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/crash") setTimeout(() => Deno.exit(3), 0);
  if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 1_500));
  return new Response(`${pathname}\n`);
});
await worker.start();
