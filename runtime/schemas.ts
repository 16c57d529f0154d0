import { z } from "zod";

/** A DNS-1123 label, what Kubernetes allows in most names. */
export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A schema for a DNS-1123 label of at most `max` characters. */
export function dnsLabel(max: number): z.ZodString {
  return z.string().max(max).regex(DNS_LABEL).describe(
    `a DNS label: lower-case letters, digits and "-", beginning and ending with a letter or ` +
      `digit, at most ${max} characters`,
  );
}

/** A DNS-1123 subdomain: labels with dots between them. */
export const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** A schema for a DNS-1123 subdomain, what Kubernetes allows in the names of most objects. */
export const dnsName: z.ZodString = z.string().max(253).regex(DNS_NAME).describe(
  'a DNS name: lower-case letters, digits, "-" and ".", at most 253 characters',
);

/** A schema for a namespace's name. */
export const namespaceName: z.ZodString = dnsLabel(63);

/** A schema for a port that something is reached at. */
export const portNumber: z.ZodInt = z.int().min(1).max(65535).describe(
  "an integer from 1 to 65535",
);

/** A schema for an object of a class or interface whose fields are not looked into. */
export function instance<T extends object>(what: string): z.ZodCustom<T, T> {
  return z.custom<T>((value) => typeof value === "object" && value !== null, what);
}
