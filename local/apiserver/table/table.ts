import type { GroupVersionKind, JsonObject } from "../schema/mod.ts";
import type { Cell, Column } from "./cells.ts";
import { CORE_COLUMNS, EVENT_COLUMNS } from "./core_columns.ts";
import { POD_COLUMNS, podRowConditions } from "./pod_columns.ts";
import { STORAGE_CLASS_NAME, STORAGE_COLUMNS } from "./storage_columns.ts";
import { WORKLOAD_COLUMNS } from "./workload_columns.ts";

/** A `meta.k8s.io/v1` Table: what a server answers to `kubectl get`. */
export interface Table extends JsonObject {
  /** The kind. */
  kind: "Table";
  /** The group and version. */
  apiVersion: "meta.k8s.io/v1";
  /** The list's; the caller fills in resourceVersion and continue. */
  metadata: JsonObject;
  /** What the cells of each row are. */
  columnDefinitions: TableColumn[];
  /** One for each object. */
  rows: TableRow[];
}

/** A column of a {@linkcode Table}. */
export interface TableColumn {
  /** The heading, in mixed case. */
  name: string;
  /** `string`, `integer`, `boolean` or `date`. */
  type: string;
  /** `name` for the column that identifies the object. */
  format: string;
  /** Always empty. */
  description: string;
  /** Columns above 0 are shown with `-o wide` only. */
  priority: number;
}

/** A row of a {@linkcode Table}. */
export interface TableRow {
  /** One for each column. */
  cells: Cell[];
  /** What the row is about, if that was asked for. */
  object?: JsonObject;
  /** For example that a pod is over. */
  conditions?: JsonObject[];
}

/** How {@linkcode toTable} makes a table. */
export interface ToTableOptions {
  /** The `includeObject` parameter. @default "Metadata" */
  includeObject?: "None" | "Metadata" | "Object";
  /** What ages are measured at. @default new Date() */
  now?: Date;
}

/** What kinds without columns of their own show. */
const DEFAULT_COLUMNS: Column[] = [{
  name: "Created At",
  type: "date",
  cell: (object) => object.metadata?.creationTimestamp ?? null,
}];

const NAME: Column = { name: "Name", cell: (object) => object.metadata?.name ?? "" };

/** The table of objects of one kind, with the columns that `kubectl get` shows for it. */
export function toTable(
  gvk: GroupVersionKind,
  objects: readonly JsonObject[],
  options: ToTableOptions = {},
): Table {
  const { includeObject = "Metadata" } = options;
  const now = (options.now ?? new Date()).getTime();
  const columns = columnsOf(gvk);
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: {},
    columnDefinitions: columns.map((column) => ({
      name: column.name,
      type: column.type ?? "string",
      format: column.name === "Name" ? "name" : "",
      description: "",
      priority: column.wide ? 1 : 0,
    })),
    rows: objects.map((object) => {
      const conditions = gvk.kind === "Pod" ? podRowConditions(object) : undefined;
      return {
        cells: columns.map((column) => column.cell(object, now)),
        ...(conditions ? { conditions } : {}),
        ...(includeObject === "None" ? {} : { object: rowObject(object, includeObject) }),
      };
    }),
  };
}

function columnsOf({ kind }: GroupVersionKind): Column[] {
  if (kind === "Pod") return [NAME, ...POD_COLUMNS];
  if (kind === "Event") return [...EVENT_COLUMNS, { ...NAME, wide: true }];
  if (kind === "StorageClass") return [STORAGE_CLASS_NAME, ...STORAGE_COLUMNS.StorageClass!];
  for (const table of [CORE_COLUMNS, WORKLOAD_COLUMNS, STORAGE_COLUMNS]) {
    if (Object.hasOwn(table, kind)) return [NAME, ...table[kind]!];
  }
  return [NAME, ...DEFAULT_COLUMNS];
}

function rowObject(object: JsonObject, include: "Metadata" | "Object"): JsonObject {
  if (include === "Object") return object;
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata ?? {},
  };
}
