// `npm run conformance:policy [-- [SEED] [FIRECRACKER]]`: diagrams against the evaluator, the kernel under
// us, libseccomp, runc, crun and systemd, in full. FIRECRACKER: a file of Firecracker's, of which Debian has
// no package.

import { compileProfile, type Profile } from "../../src/policy/index.ts";
import type { Program } from "../../src/seccomp/index.ts";
import { random } from "../seccomp/random.ts";
import {
  compareExplanations,
  compareLibseccomp,
  compareNative,
  comparePlanted,
  compareRealNatively,
  compareRuntime,
  type Report,
  randomPrograms,
} from "./compare.ts";
import { haveLibseccomp, libseccomp } from "./libseccomp.ts";
import { commonFile, dockerFile, randomProfile, shipped } from "./profiles.ts";
import { type RealFilter, realFilters } from "./real.ts";
import { whyNoRuntimes } from "./runtimes.ts";
import { compareServices, containerFilters, firecrackerFilters, serviceFilters } from "./shipped.ts";
import { confirmNatively } from "./witnesses.ts";

const FILTERS = 500;
const CALLS = 10_000;
const EXPLAINED = 200;
const PLANTED = 200;
const NATIVE = 50;
const NATIVE_CALLS = 200;
const REAL_CALLS = 500;
const PROFILES_MADE = 1500;
const PROFILES = 20;

const seed = Number(process.argv[2] ?? 1);
const report = (title: string, { compared, hits, differences }: Report, hit: string): boolean => {
  for (const text of differences.slice(0, 5)) console.log(`  ${text}`);
  console.log(`${title}: ${compared} compared, ${hits} ${hit}, ${differences.length} differences`);
  return differences.length === 0;
};
/** Filters that libseccomp makes of profiles. They are half of the explained filters. */
const compiledBy = (profiles: readonly Profile[]): readonly Program[] =>
  libseccomp(
    profiles.map((profile) => ({
      defaultAction: profile.defaultAction,
      architectures: ["x86_64", "x86", "x32"],
      entries: profile.rules
        .filter(({ action }) => action !== profile.defaultAction)
        .flatMap(({ names, action, args }) => names.map((name) => ({ name, action, args: args.slice(0, 1) }))),
      optimize: 1,
    })),
  ).filter((program) => typeof program !== "number");

const r = random(seed);
const start = performance.now();
const results: boolean[] = [];
results.push(report(`${NATIVE} filters on the kernel under us, calls`, compareNative(seed, NATIVE, NATIVE_CALLS), "trapped"));
if (!haveLibseccomp) console.log("SKIPPED: libseccomp: npm run setup fetches it");
else {
  const fromLibrary = compiledBy(Array.from({ length: FILTERS }, () => randomProfile(r, true))).slice(0, FILTERS / 2);
  const programs = [...fromLibrary, ...randomPrograms(seed, FILTERS - fromLibrary.length)];
  results.push(
    report(`explanations of ${programs.length} filters, calls`, compareExplanations(programs, CALLS, seed, EXPLAINED), "explained"),
  );
  const planted = comparePlanted(programs.slice(0, PLANTED), seed);
  results.push(report(`one bit changed in ${PLANTED} filters, changes`, planted, "with a witness that the evaluator confirms"));
  results.push(report("their witnesses on the kernel under us, filters before and after", confirmNatively(planted.witnesses), "judged"));
  const made = compareLibseccomp(seed, PROFILES_MADE);
  const also = `equal, ${made.inexact} warned about, ${made.refused} refused by it, ${made.pairs} linear and as a tree`;
  results.push(report("libseccomp's filters and our meaning of their rules: profiles", made, also));
}
const groups: readonly (readonly [what: string, list: readonly RealFilter[]])[] = [
  ["filters of Chromium and sshd", await realFilters()],
  ["filters of Docker and containers-common", await containerFilters()],
  ["filters of systemd's services", serviceFilters()],
  ["filters of Firecracker", await firecrackerFilters(process.argv[3])],
];
for (const [what, list] of groups) {
  if (list.length === 0) console.log(`SKIPPED: ${what}: they need root, and the programs or the file`);
  else console.log(`${what}: ${list.map(({ name, program }) => `${name} (${program.length})`).join(", ")}`);
}
const real = groups.flatMap(([, list]) => list);
if (real.length > 0) {
  const programs = real.map(({ program }) => program);
  results.push(
    report(`explanations of these ${programs.length}, calls`, compareExplanations(programs, CALLS, seed, EXPLAINED), "explained"),
  );
  const planted = comparePlanted(programs, seed);
  results.push(report("one bit changed in each, changes", planted, "with a witness that the evaluator confirms"));
  results.push(report("their witnesses on the kernel under us", confirmNatively(planted.witnesses), "judged"));
  results.push(report("the same filters on the kernel under us, calls", compareRealNatively(programs, REAL_CALLS, seed), "judged"));
}
results.push(report("systemd's filters of its own services and our reading of their settings: services", await compareServices(), "equal"));
const why = whyNoRuntimes();
if (why) console.log(`SKIPPED: runc and crun need ${why}`);
else {
  for (const runtime of ["runc", "crun"] as const) {
    const list: Profile[] = [];
    for (let i = 0; list.length < PROFILES; i++) {
      const profile = i < 8 ? await shipped(i % 2 ? commonFile : dockerFile, r) : randomProfile(r, true);
      if (i < 8 || compiles(profile)) list.push(profile);
    }
    const result = compareRuntime(runtime, list);
    results.push(report(`${runtime}'s filters of profiles`, result, `equal, ${result.inexact} warned about`));
  }
}
function compiles(profile: Profile): boolean {
  return compileProfile(profile, "runc").warnings.every(({ message }) => !message.includes("libseccomp can merge"));
}
console.log(`seed ${seed}, ${Math.round((performance.now() - start) / 1000)} s`);
process.exitCode = results.every(Boolean) ? 0 : 1;
