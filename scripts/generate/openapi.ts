/** The part of an OpenAPI v2 document that the generator reads, with references resolved. */

export interface OpenApiDocument {
  info: { title: string; version: string };
  paths: Record<string, PathItem>;
  definitions: Record<string, Schema>;
  parameters?: Record<string, Parameter>;
}

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  "x-kubernetes-group-version-kind"?: GroupVersionKind[];
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: "body" | "path" | "query";
  type?: string;
  required?: boolean;
  schema?: Schema;
}

export interface Operation {
  operationId: string;
  produces?: string[];
  parameters?: Parameter[];
  responses: Record<string, { schema?: Schema }>;
  "x-kubernetes-action"?: string;
  "x-kubernetes-group-version-kind"?: GroupVersionKind;
}

export const METHODS = ["get", "post", "delete", "put", "patch"] as const;
export type Method = typeof METHODS[number];
export type PathItem = { parameters?: Parameter[] } & { [method in Method]?: Operation };

/** The parameters of an operation and of its path. */
export function parametersOf(
  document: OpenApiDocument,
  item: PathItem,
  operation: Operation,
): Parameter[] {
  return [...operation.parameters ?? [], ...item.parameters ?? []].map((parameter) => {
    if (!parameter.$ref) return parameter;
    const name = parameter.$ref.replace("#/parameters/", "");
    const found = document.parameters?.[name];
    if (!found) throw new Error(`Cannot resolve parameter "${name}": it is not in the document`);
    return found;
  });
}
