import { Worker } from "@troupe/troupe";
import { bookOf, LAST } from "./book.ts";

const name = Deno.env.get("POD_NAME") ?? "invoicer";
const worker = await Worker.create({ name: "invoicer", primitives: { leaseDuration: 2_000 } });
const stopped = worker.start();

const primitives = await worker.primitives();
const desk = primitives.mutex("desk");
const book = bookOf(primitives);

for (let number = 0; number < LAST;) {
  await using held = await desk.acquire(); // one is at the desk, the others stand in line
  const invoices = await book.list("invoice/");
  number = invoices.length + 1;
  if (number > LAST) break;
  if (number === 7 && !await book.get("accident")) {
    await book.put("accident", { number, by: name });
    Deno.exit(1); // it dies at the desk; the next one's turn comes when its session has expired
  }
  await new Promise((resolve) => setTimeout(resolve, 50)); // it is printed
  // Whoever was stopped for so long that another one came to the desk has its invoice refused.
  const key = `invoice/${String(number).padStart(2, "0")}`;
  await book.put(key, { number, by: name }, { fence: held });
}
await stopped; // until SIGTERM
