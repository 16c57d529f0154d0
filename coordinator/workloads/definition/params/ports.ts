import { z } from "zod";
import { portNumber, variant } from "../../../../runtime/mod.ts";
import { TLS_PORT } from "../../../labels.ts";

/** A port beside the main one. */
export interface PortParams {
  /** The number, from 1 to 65535. */
  port: number;
  /** How it is spoken to. @default "TCP" */
  protocol?: "TCP" | "UDP";
}

/** Name of the port that is given as `port`. */
export const MAIN_PORT = "main";

const NAME = /^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const port: z.ZodType<number | PortParams> = variant<number | PortParams>((input) =>
  typeof input === "object" && input !== null
    ? z.strictObject({
      port: portNumber,
      protocol: z.enum(["TCP", "UDP"]).describe('"TCP" or "UDP"').optional(),
    }).describe("{ port, protocol? }")
    : portNumber.describe("an integer from 1 to 65535 or { port, protocol? }")
);

const NAMES = `an object of ports; a name has at most 15 lower-case letters, digits and single ` +
  `"-", one letter at least, and is neither "${MAIN_PORT}", which is "port", nor "${TLS_PORT}"`;

/** A schema for ports by name. */
export const ports: z.ZodType<Record<string, number | PortParams>> = z.record(z.string(), port)
  .superRefine((map, context) => {
    for (const name of Object.keys(map)) {
      if (NAME.test(name) && name !== MAIN_PORT && name !== TLS_PORT) continue;
      context.addIssue({ code: "custom", path: [name], message: NAMES, params: { given: name } });
    }
  }).describe(NAMES);
