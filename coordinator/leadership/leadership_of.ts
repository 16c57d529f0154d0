import type { Transport } from "../../kube/mod.ts";
import { Election } from "../../primitives/mod.ts";
import { LABELS } from "../labels.ts";
import type { CheckedCoordinatorOptions } from "../options.ts";
import { ElectedLeadership } from "./elected_leadership.ts";
import type { Leadership } from "./leadership.ts";
import { SoloLeadership } from "./solo_leadership.ts";

/** How a coordinator comes to lead, by its options: alone, or by an election on a Lease. */
export function leadershipOf(
  { election, name }: CheckedCoordinatorOptions,
  namespace: string,
  client: Transport,
): Leadership {
  if (election === false) return new SoloLeadership();
  const settings = election === true ? {} : election;
  return new ElectedLeadership(
    new Election(client, {
      ...settings,
      name: settings.name ?? `troupe-${name}`,
      namespace,
      labels: { [LABELS.managedBy]: "troupe", [LABELS.coordinator]: name },
    }),
  );
}
