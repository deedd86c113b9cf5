// This host's processor as a model: its vendor, its numbers, and those of its features that trapgate has. man
// 5 proc_cpuinfo
import { readFileSync } from "node:fs";
import { modelOfHost } from "../cpu/machine/model.ts";
import { Problem } from "../problem.ts";

/**
 * The model of this host's processor, for `cpu` of a machine: the features that both the host and trapgate
 * have. Its form is `max:amd,-FEATURE,…,family=N,model=N,stepping=N`. Runs depend on the host then.
 *
 * @throws {Problem} The host is no x86 Linux.
 *
 * @example
 * await Machine.run("/bin/true", { root: hostTree("/"), cpu: hostCpu() });
 */
export const hostCpu = (): string => {
  let text = "";
  try {
    text = readFileSync("/proc/cpuinfo", "latin1");
  } catch {
    // No Linux.
  }
  const of = (name: string): string | undefined => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(text)?.[1];
  const [flags, vendor] = [of("flags"), of("vendor_id")];
  if (flags === undefined || vendor === undefined)
    throw new Problem("host", "the processor of this host is not known", { help: "trapgate models lists others" });
  const number = (name: string): number => Number(of(name) ?? 0);
  return modelOfHost(vendor, flags.split(" "), [number("cpu family"), number("model"), number("stepping")]);
};
