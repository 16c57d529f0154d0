import { Coordinator } from "@troupe/troupe";
import { bookOf, LAST } from "./book.ts";

await using coordinator = await Coordinator.create({ name: "office" });
const invoicers = await coordinator.run({
  name: "invoicer",
  image: "invoicer:1",
  replicas: 3,
  primitives: ["mutex/desk", "key-value/book"], // which they may use, and no others
});
const stopped = coordinator.start();

// what was written before, then what is written, in order
const book = bookOf(await coordinator.primitives());
for await (const event of book.watch("invoice/")) {
  const news = event.type === "snapshot" ? event.entries : event.type === "put" ? [event] : [];
  for (const { value } of news) console.log(`invoice ${value.number} by ${value.by}`);
  if (news.at(-1)?.value.number === LAST) break;
}
const accident = await book.get("accident");
console.log(`${accident?.by} died at the desk before invoice ${accident?.number}`);

await invoicers.delete();
await coordinator.stop();
await stopped;
