/**
 * Tables of objects: the columns that `kubectl get` shows, which the server makes.
 *
 * @module
 */

export type { Cell } from "./cells.ts";
export { humanDuration } from "./human_duration.ts";
export {
  type Table,
  type TableColumn,
  type TableRow,
  toTable,
  type ToTableOptions,
} from "./table.ts";
