/** Buckets of keys and values: see `key_value.ts`. */
export { KeyValue } from "./key_value.ts";
export type { KeyValueEntry, KeyValueEvent } from "./key_value_event.ts";
export type {
  ChangeOptions,
  KeyChangeOptions,
  PutOptions,
  ReadOptions,
  UpdateOptions,
  ValueOptions,
  WatchOptions,
} from "./key_value_options.ts";
export type { Transaction } from "./transaction.ts";
export { VersionMismatchError } from "./version_mismatch_error.ts";
