/** Buckets of keys and values: see `key_value.ts`. */
export { KeyValue, type KeyValueEntry, type KeyValueEvent } from "./key_value.ts";
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
