// Filters of profiles that are shipped: Docker's and containers-common's as runc and crun load them, those of systemd's own services as
// systemd attaches them, and Firecracker's, which no package of Debian has, of a file.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFirecracker } from "../../src/policy/formats/firecracker.ts";
import { Source } from "../../src/policy/index.ts";
import type { Program } from "../../src/seccomp/index.ts";
import { random } from "../seccomp/random.ts";
import { requestOf } from "./compare.ts";
import { haveLibseccomp, libseccomp } from "./libseccomp.ts";
import { commonFile, dockerFile, shipped } from "./profiles.ts";
import type { RealFilter } from "./real.ts";
import { loaded, whyNoRuntimes } from "./runtimes.ts";
import { systemdFilters, systemdLibrary } from "./systemd.ts";

/** Of containers, each as both runtimes load it; empty without root or the packages of `npm run setup`. */
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
/** Of every installed service that has a SystemCallFilter=, one for each different list of settings. */
export const serviceFilters = (): readonly RealFilter[] => {
  if (systemdLibrary === undefined || !existsSync(UNITS)) return [];
  const lists = new Map<string, string>();
  for (const name of readdirSync(UNITS).filter((file) => file.endsWith(".service"))) {
    const lines = readFileSync(join(UNITS, name), "utf8").match(SETTING) ?? [];
    if (lines.some((line) => line.startsWith("SystemCallFilter="))) lists.set(lines.join("\n"), name);
  }
  return [...lists].flatMap(([lines, name]): readonly RealFilter[] => {
    const programs = systemdFilters(`${lines}\n`);
    return typeof programs === "number" ? [] : programs.map((program, n) => ({ name: `${name} ${n}`, program }));
  });
};

/** Of each thread in a file of Firecracker's, by libseccomp as its seccompiler does. */
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
