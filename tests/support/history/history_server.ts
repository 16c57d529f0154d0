/** An API server in memory, in a process of its own, so that it can be paused. Prints its URL. */
import { ApiServer } from "../../../local/apiserver/mod.ts";

if (import.meta.main) {
  const server = await ApiServer.start();
  console.log(server.url);
}
