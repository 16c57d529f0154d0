/** Small values that processes share: the core that the primitives are made of. */
export { type RecordDefinition, RecordError } from "./record_object.ts";
export { SharedRecord, UnknownOutcomeError, type Versioned } from "./shared_record.ts";
