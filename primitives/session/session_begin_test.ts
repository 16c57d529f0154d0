import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Fault } from "../testdata/object_server.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";

// each is what becomes of the next request of the session
const STORIES: Readonly<Record<string, readonly (Fault | "gone")[]>> = {
  "the answer to its create is lost": ["lose answer"],
  "all answers are lost one after another": ["lose answer", 503, "lose request", 503, 503, 409],
  "its Lease is gone when it is looked at": ["lose answer", 0, "gone"],
};

/** Names of the sessions that there are. */
function leasesIn({ server }: VirtualScene): string[] {
  return [...server.objects].filter(([key]) => key.startsWith("leases/"))
    .map(([, object]) => object.metadata!.name!);
}

for (const [story, faults] of Object.entries(STORIES)) {
  Deno.test(`Session.begin() goes on until it has its Lease, though ${story}`, async () => {
    await using scene = new VirtualScene();
    const { context } = scene.process("a");
    const left = [...faults];
    scene.server.fault = ({ resource }) => {
      const next = resource === "leases" ? left.shift() : undefined;
      if (next !== "gone") return next || undefined;
      for (const name of leasesIn(scene)) scene.server.remove("leases", name);
      return undefined;
    };
    const session = await scene.settle(context.sessions.own(context.signal));
    deepStrictEqual(left, []);
    deepStrictEqual(leasesIn(scene), [session.name]);
    await scene.pass(60_000); // and renews it
    deepStrictEqual(leasesIn(scene), [session.name]);
    strictEqual(session.signal.aborted, false);
  });
}
