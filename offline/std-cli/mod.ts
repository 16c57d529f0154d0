/**
 * Stand-in for `jsr:@std/cli`: arguments and a spinner.
 *
 * @module
 */
export { type Args, parseArgs, type ParseOptions } from "./parse_args.ts";
