// /proc/cpuinfo, from the processor's model. Linux arch/x86/kernel/cpu/proc.c.
import type { Kernel } from "../../../core/kernel.ts";

const vendors = { amd: "AuthenticAMD", intel: "GenuineIntel" } as const;
const unknown = { family: 6, model: 0, stepping: 0, brand: "trapgate", features: [] as readonly string[] };

/** The text of /proc/cpuinfo. A model without such data shows an unknown processor of its vendor. */
export const cpuinfo = ({ model, cpus }: Kernel): string => Array.from({ length: cpus }, (_, n) => processorText(model, n, cpus)).join("");
const processorText = (model: Kernel["model"], number: number, cpus: number): string => {
  const cpu = model.cpuinfo ?? unknown;
  // biome-ignore format: table
  const rows: readonly (readonly [string, string | number])[] = [
    ["processor", number], ["vendor_id", vendors[model.vendor]], ["cpu family", cpu.family], ["model", cpu.model], ["model name", cpu.brand],
    ["stepping", cpu.stepping], ["cpu MHz", "1000.000"], ["cache size", "512 KB"], ["physical id", 0], ["siblings", cpus], ["core id", number], ["cpu cores", cpus],
    ["apicid", number], ["initial apicid", number], ["fpu", "yes"], ["fpu_exception", "yes"], ["cpuid level", 13], ["wp", "yes"],
    ["flags", cpu.features.join(" ")], ["bugs", ""], ["bogomips", "2000.00"], ["clflush size", 64], ["cache_alignment", 64],
    ["address sizes", "40 bits physical, 48 bits virtual"], ["power management", ""],
  ];
  // The kernel pads with tabs to column 16.
  const line = ([name, value]: readonly [string, string | number]): string =>
    `${name}${name.length < 8 ? "\t\t" : "\t"}: ${value}`.trimEnd();
  return `${rows.map(line).join("\n")}\n\n`;
};
