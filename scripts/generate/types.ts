/** Types of fields: what a schema is in TypeScript, and how it is read and written. */
import type { ApiGroup } from "./groups.ts";
import type { Schema } from "./openapi.ts";

/** A field's type; `read` and `write` are expressions of functions, `write` of JSON needs none. */
export interface FieldType {
  readonly type: string;
  readonly read: string;
  readonly write?: string;
  /** What holds values of which `write` is the writer. */
  readonly container?: "list" | "map";
}

const SCALARS = "io.k8s.apimachinery.pkg.";
const SPECIAL: Readonly<Record<string, FieldType>> = {
  [`${SCALARS}api.resource.Quantity`]: special("Quantity"),
  [`${SCALARS}apis.meta.v1.Time`]: special("Time"),
  [`${SCALARS}apis.meta.v1.MicroTime`]: special("MicroTime"),
  [`${SCALARS}apis.meta.v1.Duration`]: special("Duration"),
  [`${SCALARS}util.intstr.IntOrString`]: { type: "c.IntOrString", read: "c.toIntOrString" },
  [`${SCALARS}runtime.RawExtension`]: { type: "c.JSONValue", read: "c.identity" },
};
// A server lists the values that some strings may have, the document that Kubernetes publishes
// does not: by that one the real package is made, so these are strings like others.
const PRIMITIVES: Readonly<Record<string, FieldType>> = {
  string: { type: "string", read: "c.checkStr" },
  integer: { type: "number", read: "c.checkNum" },
  number: { type: "number", read: "c.checkNum" },
  boolean: { type: "boolean", read: "c.checkBool" },
};

/** Resolves schemas as seen from one group; collects the other groups referred to. */
export class TypeResolver {
  readonly foreign: Set<ApiGroup> = new Set();
  readonly #group: ApiGroup;
  readonly #groups: readonly ApiGroup[];

  constructor(group: ApiGroup, groups: readonly ApiGroup[]) {
    this.#group = group;
    this.#groups = groups;
  }

  /** The group and short name that a reference names. */
  resolve(reference: string): { group: ApiGroup; name: string; prefix: string } {
    const id = reference.replace("#/definitions/", "");
    const name = id.slice(id.lastIndexOf(".") + 1);
    const definitionPrefix = id.slice(0, -name.length);
    const group = this.#groups.find((one) => one.definitionPrefix === definitionPrefix);
    if (!group) {
      throw new Error(`Cannot generate "${this.#group.path}": "${id}" is in no generated group`);
    }
    if (group === this.#group) return { group, name, prefix: "" };
    this.foreign.add(group);
    return { group, name, prefix: `${group.name}.` };
  }

  field(schema: Schema): FieldType {
    if (schema.$ref) return this.#reference(schema.$ref);
    if (schema.type === "array" && schema.items) return this.#container("list", schema.items);
    if (schema.type === "object" && typeof schema.additionalProperties === "object") {
      return this.#container("map", schema.additionalProperties);
    }
    const primitive = PRIMITIVES[schema.type ?? ""];
    if (primitive) return primitive;
    throw new Error(`Cannot generate a type: unknown schema ${JSON.stringify(schema)}`);
  }

  #container(container: "list" | "map", inner: Schema): FieldType {
    const item = this.field(inner);
    const [generic, read] = container === "list"
      ? [`Array<${item.type}>`, "c.readList"]
      : [`Record<string, ${item.type}>`, "c.readMap"];
    if (item.container && item.write) throw new Error("Cannot write a structure two levels deep");
    return { type: generic, read: `(x) => ${read}(x, ${item.read})`, write: item.write, container };
  }

  #reference(reference: string): FieldType {
    const id = reference.replace("#/definitions/", "");
    const known = SPECIAL[id];
    if (known) return known;
    const { name, prefix } = this.resolve(reference);
    if (name === "FieldsV1") return { type: `${prefix}FieldsV1`, read: "c.identity" };
    return { type: prefix + name, read: `${prefix}to${name}`, write: `${prefix}from${name}` };
  }
}

function special(name: string): FieldType {
  return { type: `c.${name}`, read: `c.to${name}`, write: `c.from${name}` };
}
