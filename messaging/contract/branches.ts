import { canonicalJson } from "./canonical_json.ts";
import { type JsonSchema, OPAQUE, type SchemaNode } from "./json_schema.ts";

/** One of the forms that a value may have by a schema, of which unions have several. */
export type Branch =
  | { readonly kind: "any" }
  | { readonly kind: "string" | "number" | "integer" }
  | { readonly kind: "const"; readonly value: unknown }
  /** Equal to what has the same text, and to nothing else. */
  | { readonly kind: "opaque"; readonly text: string }
  | ArrayBranch
  | ObjectBranch;

/** A list or a tuple. */
export interface ArrayBranch {
  readonly kind: "array";
  /** What stands at the first places. */
  readonly prefix: readonly SchemaNode[];
  /** What stands at all others. */
  readonly rest: SchemaNode;
  /** How many items a tuple has; of a list no bounds are looked at. */
  readonly min: number;
  readonly max: number;
}

/** An object or a record. */
export interface ObjectBranch {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, SchemaNode>;
  readonly required: ReadonlySet<string>;
  /** What other fields hold; undefined where a schema leaves them out as it reads. */
  readonly rest: SchemaNode | undefined;
  /** Whether other fields hold anything, and are only let through. */
  readonly loose: boolean;
}

/** The forms that the nodes of one JSON Schema allow, each node looked at once. */
export class Branches {
  readonly #root: JsonSchema;
  readonly #known = new Map<JsonSchema, readonly Branch[]>();
  readonly #looking = new Set<JsonSchema>();
  /** What was put together here, by what it consists of, so that recursive schemas end. */
  readonly #joined = new Map<string, JsonSchema>();
  readonly #parts = new Map<SchemaNode, readonly SchemaNode[]>();
  readonly #ids = new Map<SchemaNode, number>();

  /** Of a schema with the root that its references begin at. */
  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** Follows references; `true` for one that leads nowhere, which tells nothing of values. */
  resolve(node: SchemaNode): SchemaNode {
    const met = new Set<SchemaNode>();
    while (typeof node === "object" && typeof node.$ref === "string") {
      if (met.has(node)) return true;
      met.add(node);
      node = this.#target(node.$ref);
    }
    return node;
  }

  #target(reference: string): SchemaNode {
    if (!reference.startsWith("#")) return true;
    let found: unknown = this.#root;
    for (const part of reference.slice(1).split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return true;
      found = (found as Record<string, unknown>)[key];
    }
    return isNode(found) ? found : true;
  }

  /** The forms that a node allows: none, if no value fits. */
  of(node: SchemaNode): readonly Branch[] {
    const schema = this.resolve(node);
    if (schema === true) return [{ kind: "any" }];
    if (schema === false) return [];
    const known = this.#known.get(schema);
    if (known !== undefined) return known;
    if (this.#looking.has(schema)) return [unknown(schema)]; // it must fit itself, which tells nothing
    this.#looking.add(schema);
    const branches = [...this.#alternatives(schema)].flatMap((one) => {
      if (typeof one === "boolean") return one ? [{ kind: "any" as const }] : [];
      return one === schema ? this.#look(one) : this.of(one);
    });
    this.#looking.delete(schema);
    this.#known.set(schema, branches);
    return branches;
  }

  /** The schemas that a union consists of, through unions in unions; an alternative counts once. */
  #alternatives(
    node: SchemaNode,
    met: Set<SchemaNode> = new Set(),
    found: Set<SchemaNode> = new Set(),
  ): Set<SchemaNode> {
    const schema = this.resolve(node);
    if (met.has(schema)) return found;
    met.add(schema);
    const inner = typeof schema === "object" ? schema.anyOf ?? schema.oneOf : undefined;
    if (!Array.isArray(inner)) return found.add(schema);
    for (const alternative of inner.filter(isNode)) this.#alternatives(alternative, met, found);
    return found;
  }

  #look(schema: JsonSchema): readonly Branch[] {
    if (OPAQUE in schema) return [{ kind: "opaque", text: String(schema[OPAQUE]) }];
    if (Array.isArray(schema.allOf)) return this.#all(schema.allOf.filter(isNode), schema);
    if ("not" in schema) return isEmpty(schema.not) ? [] : [unknown(schema)];
    if ("const" in schema) return [{ kind: "const", value: schema.const }];
    if (Array.isArray(schema.enum)) {
      return schema.enum.map((value) => ({ kind: "const" as const, value }));
    }
    if (schema.type === undefined) return [isEmpty(schema) ? { kind: "any" } : unknown(schema)];
    const types = Array.isArray(schema.type) ? schema.type : [schema.type];
    return types.flatMap((type) => this.#typed(type, schema));
  }

  #typed(type: unknown, schema: JsonSchema): Branch[] {
    switch (type) {
      case "string":
      case "number":
      case "integer":
        return [{ kind: type }];
      case "boolean":
        return [{ kind: "const", value: false }, { kind: "const", value: true }];
      case "null":
        return [{ kind: "const", value: null }];
      case "array":
        return [arrayOf(schema)];
      case "object":
        return [this.#objectOf(schema)];
      default:
        return [unknown(schema)];
    }
  }

  #objectOf(
    { properties, required, additionalProperties, propertyNames }: JsonSchema,
  ): ObjectBranch {
    const named = isObject(properties) ? Object.entries(properties).filter(isNamedNode) : [];
    const rest = isNode(additionalProperties) ? additionalProperties : undefined;
    const keys = isNode(propertyNames) ? this.of(propertyNames) : [];
    const known = keys.flatMap((key) => key.kind === "const" ? [String(key.value)] : []);
    const isClosed = keys.length > 0 && known.length === keys.length; // a record with an enum's keys
    return {
      kind: "object",
      properties: new Map([
        ...isClosed ? known.map((key) => [key, rest ?? true] as const) : [],
        ...named,
      ]),
      required: new Set(Array.isArray(required) ? required.map(String) : []),
      rest: isClosed ? false : rest,
      loose: rest !== undefined && propertyNames === undefined && isEmpty(rest),
    };
  }

  /** What fits all of several schemas: told of objects, whose fields are put together. */
  #all(parts: readonly SchemaNode[], schema: JsonSchema): readonly Branch[] {
    const each = parts.map((part) => this.of(part));
    if (each.length === 1) return each[0]!;
    const objects = each.flatMap((branches) => branches.length === 1 ? branches : [])
      .filter((branch) => branch.kind === "object");
    return [
      objects.length > 0 && objects.length === parts.length
        ? this.#merged(objects)
        : unknown(schema),
    ];
  }

  #merged(objects: readonly ObjectBranch[]): ObjectBranch {
    const properties = new Map<string, SchemaNode>();
    for (const [key, node] of objects.flatMap((object) => [...object.properties])) {
      const before = properties.get(key);
      properties.set(key, before === undefined ? node : this.#join(before, node));
    }
    const open = objects.find(({ rest }) => rest !== false);
    return {
      kind: "object",
      properties,
      required: new Set(objects.flatMap(({ required }) => [...required])),
      rest: open === undefined ? false : open.rest,
      loose: open?.loose ?? false,
    };
  }

  #join(...nodes: SchemaNode[]): SchemaNode {
    const resolved = nodes.map((node) => this.resolve(node));
    const parts = [...new Set(resolved.flatMap((node) => this.#parts.get(node) ?? [node]))];
    if (parts.length === 1) return parts[0]!;
    const key = parts.map((part) => this.#idOf(part)).sort().join();
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const made = { allOf: parts };
    this.#joined.set(key, made);
    this.#parts.set(made, parts);
    return made;
  }

  #idOf(node: SchemaNode): number {
    const id = this.#ids.get(node) ?? this.#ids.size;
    this.#ids.set(node, id);
    return id;
  }
}

function arrayOf({ prefixItems, items, minItems }: JsonSchema): ArrayBranch {
  const prefix = Array.isArray(prefixItems) ? prefixItems.filter(isNode) : [];
  const rest = isNode(items) ? items : true;
  const isTuple = prefix.length > 0 || rest === false;
  return {
    kind: "array",
    prefix,
    rest,
    min: isTuple && typeof minItems === "number" ? minItems : 0,
    max: rest === false ? prefix.length : Infinity,
  };
}

/** What this does not know how to compare: it is equal to what is written just so. */
function unknown(schema: JsonSchema): Branch {
  return { kind: "opaque", text: canonicalJson(schema) };
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === "boolean" || isObject(value);
}

function isNamedNode(entry: [string, unknown]): entry is [string, SchemaNode] {
  return isNode(entry[1]);
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a node tells nothing of values, beside what is ours at the root or a dialect's name. */
function isEmpty(node: unknown): boolean {
  if (node === true) return true;
  return isObject(node) &&
    Object.keys(node).every((key) => key.startsWith("$") || key === "x-optional");
}
