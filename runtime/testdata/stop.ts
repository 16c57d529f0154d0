import { onStopSignal } from "../mod.ts";

using _signals = onStopSignal((signal) => console.log(signal));
console.log("ready");
await new Promise(() => setInterval(() => {}, 1000));
