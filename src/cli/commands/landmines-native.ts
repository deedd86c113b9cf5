// Landmines on the native kernel. Its results must be those that the catalogue expects of upstream.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  expectedOf,
  guestFile,
  type Landmine,
  type Outcome,
  type ProcessorVendor,
  type Variant,
} from "../../landmines/catalogue/landmine.ts";
import { type Cell, compareOutcomes } from "../../landmines/matrix.ts";
import { Problem } from "../../problem.ts";

const vendorOfHost = (): ProcessorVendor => (/AuthenticAMD|HygonGenuine/.test(readFileSync("/proc/cpuinfo", "utf8")) ? "amd" : "intel");

const runHere = (file: string): Outcome => {
  const { status, signal, stdout, error } = spawnSync(file, [], { encoding: "latin1", env: {}, timeout: 60_000 });
  if (error) throw new Problem("host", `cannot run ${file}: ${error.message}`, { cause: error });
  return { stdout, end: status ?? (signal as string) };
};

/** Runs rows natively; `file` gives the path of a guest. */
export const nativeLandmines = (file: (name: string) => string): ((mine: Landmine, variant: Variant) => Cell | undefined) => {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Problem("host", `--native needs Linux on x86-64; this is ${process.platform} on ${process.arch}`);
  }
  const vendor = vendorOfHost();
  return (mine, variant) => {
    const expected = expectedOf(mine, { profile: "upstream", vendor })?.[variant];
    if (!expected) return undefined;
    const happened = runHere(file(guestFile(mine, "upstream", variant)));
    return { mine, where: "native", variant, expected, happened, verdict: compareOutcomes(expected, happened) };
  };
};
