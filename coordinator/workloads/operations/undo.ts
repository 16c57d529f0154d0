import { ANNOTATIONS } from "../../labels.ts";
import type { Head } from "../../heads.ts";
import { appliedAgain } from "./applied_again.ts";
import { changeHead } from "./change_head.ts";
import { noted, withNote } from "./kept.ts";
import { type Revision, revisionsOf } from "./revisions.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";
import { isSameTemplate, templateOfHead } from "./template.ts";

/** Options of `Workload.undo`. */
export interface UndoOptions extends WaitForWorkloadOptions {
  /**
   * The revision's number, as `kubectl rollout history` shows it.
   * @default the newest whose pods are others than the present ones
   */
  toRevision?: number;
}

/**
 * See `Workload.undo`. The template is put in place by an apply, and the definition's hash is noted:
 * so it stays, also under the next leader, until another definition is run, which takes both away.
 */
export async function undoWorkload(scope: Scope, options: UndoOptions): Promise<void> {
  const { toRevision } = options;
  let revisions: readonly Revision[] = [];
  await changeHead(scope, {
    verb: "undo",
    sets: { template: true },
    before: async (seen, signal) => {
      if (seen.kind === "Job" || seen.kind === "CronJob") {
        throw new TypeError(
          `Cannot undo "${scope.name}": it is a ${seen.kind}, of which no revisions are kept`,
        );
      }
      revisions = await revisionsOf(seen, { client: scope.context.client, signal });
    },
    decide: (live) => {
      const present = templateOfHead(live)!;
      const revision = toRevision === undefined
        ? revisions.find(({ template }) => !isSameTemplate(template, present))
        : revisions.find(({ number }) => number === toRevision);
      if (revision === undefined) throw notFound(scope.name, { toRevision, revisions });
      if (isSameTemplate(revision.template, present)) return undefined;
      const again = appliedAgain(live);
      const spec = { ...again.spec, template: revision.template };
      const hash = noted(live, ANNOTATIONS.definition);
      const object = withNote({ ...again, spec } as Head, ANNOTATIONS.undone, hash);
      return { verb: "apply", object };
    },
  }, options);
}

function notFound(
  name: string,
  { toRevision, revisions }: { toRevision: number | undefined; revisions: readonly Revision[] },
): Error {
  if (toRevision === undefined) {
    return new Error(`Cannot undo "${name}": no earlier revision of it is kept`);
  }
  const kept = revisions.map(({ number }) => number).reverse().join(", ") || "none";
  return new RangeError(
    `Cannot undo "${name}": there is no revision ${toRevision}, kept are ${kept}`,
  );
}
