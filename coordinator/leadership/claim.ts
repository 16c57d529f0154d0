/**
 * Takes over what an earlier leader of the same coordinator left.
 *
 * Every head gets the new term recorded, by a write that holds only if nobody has changed the head
 * since it was read. From then on each write of an older leader, however late it arrives, is refused:
 * it names a version of the head that is no more. The heads are listed anew, as a copy that a watch
 * keeps may lag behind what the older leader has just created. A head that was created and never
 * applied is removed, unless it is among those that are declared: nobody was told that it is there.
 * What a head makes is no head, though it carries the labels, as do the Jobs of a CronJob: it is left
 * alone.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { ObjectApi, type WritableKind } from "../../kube/mod.ts";
import type { Head } from "../heads.ts";
import { LABELS } from "../labels.ts";
import { type Decision, type FencedWriter, termOf } from "../workloads/fenced_writer.ts";
import { isUntouched } from "../workloads/seed.ts";
import type { Mandate } from "./mandate.ts";

/** Options of {@linkcode claimHeads}. */
export interface ClaimOptions {
  client: RestClient;
  writer: FencedWriter;
  mandate: Mandate;
  /** The coordinator's name. */
  coordinator: string;
  /** Where to look, and for what. */
  places: readonly { namespace: string; kind: WritableKind<Head> }[];
  /** Whether a head is declared, and so kept though it was never applied. */
  isDeclared: (head: Head) => boolean;
}

/** See the module's text; resolves with the heads that are there. */
export async function claimHeads(options: ClaimOptions): Promise<Head[]> {
  const { client, coordinator, mandate, places } = options;
  const { signal } = mandate;
  const labelSelector = `${LABELS.coordinator}=${coordinator}`;
  const claimed = await Promise.all(places.map(async ({ namespace, kind }) => {
    const found = await new ObjectApi(client, kind, namespace).list({ labelSelector, signal });
    return await Promise.all(found.filter(isOwn).map((head) => claimHead(kind, head, options)));
  }));
  return claimed.flat().filter((head) => head !== undefined);
}

/** Claims one head; resolves with nothing if it is gone. */
export async function claimHead(
  kind: WritableKind<Head>,
  seen: Head,
  { writer, mandate, isDeclared }: Pick<ClaimOptions, "writer" | "mandate" | "isDeclared">,
): Promise<Head | undefined> {
  const { name, namespace } = seen.metadata!;
  const target = { kind, namespace: namespace!, name: name! };
  return await writer.write(target, mandate, (live): Decision<Head> => {
    if (live === undefined || termOf(live) === mandate.token) return undefined;
    // by its term it is of a leader; what somebody else has labeled is not
    const isAbandoned = isUntouched(live) && termOf(live) !== undefined && !isDeclared(live);
    if (isAbandoned) return { verb: "delete", propagation: "Background" };
    return { verb: "merge", patch: {} };
  }, { seen });
}

/** A head has the name of its workload; what it makes has another one. */
function isOwn({ metadata }: Head): boolean {
  return metadata?.name !== undefined && metadata.name === metadata.labels?.[LABELS.workload];
}
