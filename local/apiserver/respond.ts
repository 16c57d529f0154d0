/** Stored objects in the form that a client accepts: as they are, their metadata, or a table. */
import { viewOf } from "./backend.ts";
import type { KindInfo } from "./kinds.ts";
import type { Page } from "./list.ts";
import { answer, type Form, jsonBytes, negotiate, partialMetadata } from "./negotiate.ts";
import { tableOf } from "./semantics.ts";
import { encodeFrame, type Stored } from "./stored.ts";
import { type FrameEncoder, wholeObjects } from "./watch_stream.ts";

const PARTIAL = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" };
const EMPTY_TABLE = {
  kind: "Table",
  apiVersion: "meta.k8s.io/v1",
  columnDefinitions: null,
  rows: [],
};

/** What a table's rows carry besides their cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** Answers one object in the form that the client accepts. */
export function answerOne(
  kind: KindInfo,
  stored: Stored,
  input: { request: Request; query: URLSearchParams; code?: number; warnings?: readonly string[] },
): Response {
  const form = negotiate(input.request.headers.get("accept"));
  const { code = 200 } = input;
  const own = stored.as(viewOf(kind));
  let response: Response;
  if (form.as === "object" && !form.yaml) response = jsonBytes(own.bytes(), code);
  else if (form.as === "object") response = answer(own.object, code, form);
  else if (form.as === "partial") response = answer(partialMetadata(own.object), code, form);
  else {
    const table = tableOf(kind, [own.object], includeObject(input.query));
    const { resourceVersion } = own.object.metadata;
    response = answer({ ...table, metadata: { resourceVersion } }, code, form);
  }
  addWarnings(response, input.warnings ?? []);
  return response;
}

function addWarnings(response: Response, warnings: readonly string[]): void {
  for (const text of new Set(warnings)) {
    const quoted = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    response.headers.append("warning", `299 - "${quoted}"`);
  }
}

/** Reads the parameter for tables. */
export function includeObject(query: URLSearchParams): IncludeObject {
  const asked = query.get("includeObject");
  return asked === "None" || asked === "Object" ? asked : "Metadata";
}

/** A page in any form but plain JSON objects. */
export function pageAs(
  kind: KindInfo,
  page: Page,
  options: { form: Form; include: IncludeObject },
): unknown {
  const objects = page.items.map((stored) => stored.as(viewOf(kind)).object);
  const { metadata } = page;
  if (options.form.as === "table") return { ...tableOf(kind, objects, options.include), metadata };
  if (options.form.as === "partial") {
    return {
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata,
      items: objects.map(partialMetadata),
    };
  }
  const items = objects.map(({ kind: _, apiVersion: __, ...rest }) => rest);
  return { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items };
}

/** Makes the events of a watch in the form that the client accepts. */
export function frameEncoder(
  kind: KindInfo,
  form: Form,
  include: IncludeObject,
): FrameEncoder {
  if (form.as === "object") return wholeObjects(kind);
  const shape = (stored: Stored) => stored.as(viewOf(kind)).object;
  if (form.as === "partial") {
    return {
      event: (type, stored) => encodeFrame(type, partialMetadata(shape(stored))),
      bookmark: (metadata) => encodeFrame("BOOKMARK", { ...PARTIAL, metadata }),
    };
  }
  let first = true;
  return {
    event(type, stored) {
      const object = shape(stored);
      const table = tableOf(kind, [object], include);
      // Columns are told once.
      const columnDefinitions = first ? table.columnDefinitions : null;
      first = false;
      const { resourceVersion } = object.metadata;
      return encodeFrame(type, { ...table, columnDefinitions, metadata: { resourceVersion } });
    },
    bookmark: (metadata) => encodeFrame("BOOKMARK", { ...EMPTY_TABLE, metadata }),
  };
}
