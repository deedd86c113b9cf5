// Filters of profiles that are shipped: Docker's and containers-common's as runc and crun load them, those of
// systemd's own services as systemd attaches them, and Firecracker's, which no package of Debian has, of a
// file.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFirecracker } from "../../src/policy/formats/firecracker.ts";
import { readPolicy, Source } from "../../src/policy/index.ts";
import { compare, diagramOf, type Program, stackDiagrams, upstream } from "../../src/seccomp/index.ts";
import { random } from "../seccomp/random.ts";
import { type Report, requestOf } from "./compare.ts";
import { haveLibseccomp, libseccomp } from "./libseccomp.ts";
import { commonFile, dockerFile, shipped } from "./profiles.ts";
import type { RealFilter } from "./real.ts";
import { loaded, whyNoRuntimes } from "./runtimes.ts";
import { systemdFilters, systemdLibrary } from "./systemd.ts";

/**
 * Filters of containers, each as both runtimes load it. Empty without root or the packages of `npm run
 * setup`.
 */
export const containerFilters = async (): Promise<readonly RealFilter[]> => {
  if (!existsSync(dockerFile) || whyNoRuntimes()) return [];
  const found: RealFilter[] = [];
  for (const [what, file] of [
    ["Docker", dockerFile],
    ["containers-common", commonFile],
  ] as const) {
    const profile = await shipped(file, random(1));
    for (const runtime of ["runc", "crun"] as const) {
      const program = loaded(runtime, profile);
      if (typeof program !== "string") found.push({ name: `${what} by ${runtime}`, program });
    }
  }
  return found;
};

const UNITS = "/usr/lib/systemd/system";
const SETTING = /^SystemCall\w+=.*$/gm;
interface Service {
  readonly name: string;
  readonly lines: string;
  /** In the order of attaching. */
  readonly programs: readonly Program[];
}
/**
 * The installed services with a SystemCallFilter=, one for each different list of settings, with systemd's
 * filters.
 */
const services = (): readonly Service[] => {
  if (systemdLibrary === undefined || !existsSync(UNITS)) return [];
  const lists = new Map<string, string>();
  for (const name of readdirSync(UNITS).filter((file) => file.endsWith(".service"))) {
    const lines = readFileSync(join(UNITS, name), "utf8").match(SETTING) ?? [];
    if (lines.some((line) => line.startsWith("SystemCallFilter="))) lists.set(`${lines.join("\n")}\n`, name);
  }
  return [...lists].flatMap(([lines, name]): readonly Service[] => {
    const programs = systemdFilters(lines);
    return typeof programs === "number" ? [] : [{ name, lines, programs }];
  });
};
/** The filters of these services. */
export const serviceFilters = (): readonly RealFilter[] =>
  services().flatMap(({ name, programs }) => programs.map((program, n) => ({ name: `${name} ${n}`, program })));

/** Compares systemd's filter of a service's settings with our reading of them. Hits: equal. */
export const compareServices = async (): Promise<Report> => {
  const differences: string[] = [];
  const list = services();
  for (const { name, lines, programs } of list) {
    const { diagram } = await readPolicy(name, new TextEncoder().encode(lines), { format: "systemd" });
    const theirs = stackDiagrams(programs.map((program) => diagramOf(program, upstream, diagram.nodes)));
    if (compare(theirs, diagram).verdict !== "equal") differences.push(`${name}: systemd attaches something else`);
  }
  return { compared: list.length, hits: list.length - differences.length, differences };
};

/** The filter of each thread in a file of Firecracker's, made by libseccomp as its seccompiler does. */
export const firecrackerFilters = async (file: string | undefined): Promise<readonly RealFilter[]> => {
  if (file === undefined || !haveLibseccomp) return [];
  const source = new Source(file, readFileSync(file, "utf8"));
  const threads = Object.keys(JSON.parse(source.text) as object);
  const profiles = await Promise.all(threads.map((thread) => readFirecracker(source, thread)));
  const programs = libseccomp(profiles.map((profile) => requestOf(profile, 1)));
  return threads.flatMap((thread, n): readonly RealFilter[] => {
    const program = programs[n] as Program | number;
    return typeof program === "number" ? [] : [{ name: `Firecracker ${thread}`, program }];
  });
};
