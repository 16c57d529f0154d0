/**
 * Metrics as Prometheus reads them: its text format, version 0.0.4.
 *
 * Written here and not taken from a package: `prom-client` brings three more packages and 3 MB into
 * every executable, bounds no labels, and its process metrics do not work in Deno; what is needed of
 * it are the four rules below.
 *
 * @module
 */
import type { Labels, Metric } from "./metric.ts";

/** What `content-type` says of the text. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** All metrics as text. */
export function expositionText(metrics: Iterable<Metric>): string {
  let text = "";
  for (const metric of metrics) {
    const { name, help, type } = metric;
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels, value } of metric.samples()) {
      text += `${name}${suffix}${labelText(labels)} ${valueText(value)}\n`;
    }
  }
  return text;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function valueText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
