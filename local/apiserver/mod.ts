/**
 * A Kubernetes API server in memory: HTTP and JSON on loopback, ready in milliseconds, with the
 * semantics of the real one for the kinds that it serves.
 *
 * @module
 */
export { ApiServer, type ApiServerOptions } from "./server.ts";
