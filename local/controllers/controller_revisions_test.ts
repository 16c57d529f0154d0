import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ControllerRevision, DaemonSet } from "../objects/mod.ts";
import { meta, template } from "../objects/testdata/builders.ts";
import { planRevision, surplusRevisions, templateOf } from "./controller_revisions.ts";

const OPTIONS = { hashLabel: "controller-revision-hash" };

function set(image: string, more: Partial<DaemonSet["spec"]> = {}): DaemonSet {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: meta("agent", { annotations: { "kubernetes.io/change-cause": "because" } }),
    spec: { selector: { matchLabels: { app: "web" } }, template: template(image), ...more },
  };
}

function revision(image: string, number: number): ControllerRevision {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: meta(`agent-${number}`),
    data: { spec: { template: { ...template(image), $patch: "replace" } as never } },
    revision: number,
  };
}

Deno.test("planRevision() creates one for a new template, numbered after all others", () => {
  const plan = planRevision(set("c"), [revision("a", 4), revision("b", 3)], OPTIONS);
  if (plan.do !== "create") throw new Error(plan.do);
  const made = plan.draft as unknown as ControllerRevision;
  strictEqual(made.revision, 5);
  deepStrictEqual(templateOf(made), template("c"));
  const hash = made.metadata.labels?.["controller-revision-hash"];
  strictEqual(made.metadata.name, `agent-${hash}`);
  strictEqual(made.metadata.annotations?.["kubernetes.io/change-cause"], "because");
  strictEqual(Object.keys(made.data?.spec?.template ?? {})[0], "$patch");
});

Deno.test("planRevision() uses the one that is there, and takes another name after a collision", () => {
  const newest = revision("b", 2);
  const plan = planRevision(set("b"), [newest, revision("a", 1)], OPTIONS);
  deepStrictEqual(plan, { do: "use", revision: newest });
  const name = (collisionCount: number) => {
    const status = { collisionCount } as DaemonSet["status"];
    const made = planRevision({ ...set("a"), status }, [], OPTIONS);
    return made.do === "create" ? made.draft.metadata.name : "";
  };
  strictEqual(name(0) === name(1), false);
});

Deno.test("planRevision() gives an old one the highest number when its state is wanted again", () => {
  const plan = planRevision(set("a"), [revision("a", 1), revision("b", 2)], OPTIONS);
  if (plan.do !== "renumber") throw new Error(plan.do);
  strictEqual(plan.revision.revision, 3);
  strictEqual(plan.revision.metadata.name, "agent-1");
});

Deno.test("surplusRevisions() are the oldest that no pod is of", () => {
  const all = [1, 2, 3, 4, 5].map((number) => revision(`${number}`, number));
  const isLive = ({ revision }: ControllerRevision) => revision === 5 || revision === 1;
  const surplus = surplusRevisions(set("5", { revisionHistoryLimit: 1 }), all, isLive);
  deepStrictEqual(surplus.map(({ revision }) => revision), [2, 3]);
  deepStrictEqual(surplusRevisions(set("5"), all, isLive), []);
});
