/**
 * What a coordinator remembers in the cluster: small typed values in ConfigMaps, which only the present
 * leader can change.
 *
 * @module
 */
export { FencedRecord, type FencedRecordOptions, type RecordOptions } from "./fenced_record.ts";
export { RecordError } from "./record_error.ts";
export { recordName, Records, type RecordsOptions } from "./records.ts";
