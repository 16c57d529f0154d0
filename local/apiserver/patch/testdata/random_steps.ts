/** Random writes of all kinds, by several managers. */

import type { JsonObject } from "../../schema/mod.ts";
import { withoutNulls } from "../json.ts";
import { withoutEmpties } from "./older_server.ts";
import type { Subject } from "./random_configs.ts";
import type { Dice } from "./real_server.ts";

/** One write. An `update` sends the live object, changed by the merge patch in `body`. */
export interface Step {
  manager: string;
  type: "apply" | "force" | "update" | "merge" | "json" | "strategic" | "reset";
  body: JsonObject | JsonObject[];
}

/** A write of any kind, by any manager. */
export function randomStep(
  dice: Dice,
  subject: Subject,
  name: string,
  live: JsonObject | undefined,
): Step {
  const manager = dice.pick(["alice", "bob", "carol"]);
  if (!live) {
    const type = dice.oneIn(2) ? "apply" : "update";
    return { manager, type, body: configOf(subject, dice, name, true) };
  }
  const config = configOf(subject, dice, name);
  const type = dice.pick<Step["type"]>(
    ["apply", "apply", "apply", "force", "force", "update", "merge", "json", "strategic", "reset"],
  );
  switch (type) {
    case "reset":
      return dice.oneIn(3)
        ? { manager, type, body: { metadata: { managedFields: [{}] } } }
        : { manager, type: "apply", body: configOf(subject, dice, name, true) };
    case "update":
      return { manager, type, body: withHoles(dice, config) };
    case "json":
      return { manager, type, body: randomJsonPatch(dice, live, config) };
    case "merge":
      return { manager, type, body: withHoles(dice, config) };
    case "strategic":
      return { manager, type, body: withDirectives(dice, withHoles(dice, config), live) };
    default:
      return { manager, type, body: config };
  }
}

/** 1.20 does not let an applier own an empty object: there is none in what is applied. */
function configOf(subject: Subject, dice: Dice, name: string, whole = false): JsonObject {
  return withoutEmpties(subject.config(dice, name, whole)) as JsonObject;
}

/** Sets some optional fields to null: a merge patch removes them. */
function withHoles(dice: Dice, config: JsonObject): JsonObject {
  const out = structuredClone(config);
  if (dice.oneIn(4)) {
    out.metadata.labels = { ...out.metadata.labels, [dice.pick(["a", "b", "c"])]: null };
  }
  if (dice.oneIn(6)) out.metadata.annotations = null;
  if (out.spec && dice.oneIn(6)) {
    out.spec[dice.pick(["replicas", "minReadySeconds", "sessionAffinity"])] = null;
  }
  if (out.data && dice.oneIn(3)) out.data[dice.pick(["k1", "k2"])] = null;
  return out;
}

function withDirectives(dice: Dice, config: JsonObject, live: JsonObject): JsonObject {
  // 1.20 keeps a null, and the items of a deletion, where there was no map or list before
  const { labels } = config.metadata;
  if (labels && !live.metadata.labels) config.metadata.labels = withoutNulls(labels);
  if (config.data && !live.data) config.data = withoutNulls(config.data);
  const spec = config.spec?.template?.spec;
  for (const container of spec?.containers ?? []) {
    const present = live.spec.template.spec.containers.find((c: JsonObject) =>
      c.name === container.name
    );
    if (container.env && dice.oneIn(2)) {
      const env = container.env as JsonObject[];
      if (dice.oneIn(2)) {
        container["$setElementOrder/env"] = dice.some(["A", "B", "C"]).concat(
          env.map((e) => e.name),
        ).filter((n, i, all) => all.indexOf(n) === i).map((name) => ({ name }));
      } else env.push({ name: dice.pick(["D", "E"]), value: "1" });
      if (present?.env && dice.oneIn(3)) env[0] = { name: env[0]!.name, $patch: "delete" };
    }
    if (container.ports && present?.ports && dice.oneIn(4)) {
      container.ports.unshift({ $patch: "replace" });
    }
  }
  if (config.spec?.strategy && dice.oneIn(2)) {
    config.spec.strategy.$retainKeys = Object.keys(config.spec.strategy);
  }
  if (config.metadata.finalizers && live.metadata.finalizers && dice.oneIn(2)) {
    config.metadata["$deleteFromPrimitiveList/finalizers"] = ["example.com/one"];
    delete config.metadata.finalizers;
  }
  return config;
}

function randomJsonPatch(dice: Dice, live: JsonObject, config: JsonObject): JsonObject[] {
  const out: JsonObject[] = [];
  for (const part of ["data", "spec"]) {
    for (const key of Object.keys(config[part] ?? {})) {
      if (key === "template" || key === "selector") continue;
      const op = live[part]?.[key] === undefined
        ? "add"
        : dice.pick(["add", "replace", "test", "remove"]);
      if (live[part] === undefined) out.push({ op: "add", path: `/${part}`, value: {} });
      if (op === "remove" && key === "ports") continue;
      const value = op === "test" ? live[part][key] : config[part][key];
      out.push({ op, path: `/${part}/${key}`, ...(op === "remove" ? {} : { value }) });
      if (live[part] === undefined) break;
    }
  }
  if (dice.oneIn(4)) out.push({ op: "test", path: "/metadata/name", value: "nobody" });
  if (dice.oneIn(6)) out.push({ op: "remove", path: "/spec/nothing" });
  if (live.metadata.labels) {
    out.push({ op: "add", path: "/metadata/labels/x~1y", value: dice.pick(["1", "2"]) });
  }
  return out;
}
