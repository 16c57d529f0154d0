/**
 * A worker: one process of a workload, which implements the application's logic.
 *
 * @module
 */
export type { ErrorHandler, Handler } from "../runtime/mod.ts";
export type { WorkerEvent } from "./events.ts";
export type { Implemented } from "./messaging/implemented.ts";
export type { PeerEvent } from "./messaging/peers.ts";
export type { ImplementOptions } from "./messaging/worker_messages.ts";
export type { WorkerOptions } from "./options.ts";
export { type ServeHandler, Worker, type WorkerStartOptions } from "./worker.ts";
