// The kernel under us as judge, on a sample; `npm run conformance:bpf` does it in full.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { x64 } from "../../src/abi/abi.ts";
import {
  assemble,
  BPF,
  checkFilter,
  convertedLength,
  decodeProgram,
  disassemble,
  type Program,
  stmt,
  upstream,
} from "../../src/seccomp/index.ts";
import { compareCheckers, compareEvaluators, randomTrials } from "../../tools/seccomp/compare.ts";
import { build, nativePath } from "../../tools/seccomp/judge.ts";
import { checkedProgram, random, randomCase } from "../../tools/seccomp/random.ts";
import { debian, gcc, missing, nativeX64 } from "../support/host.ts";

const SEED = 20120130;

describe.skipIf(missing("seccomp against the native kernel", nativeX64, gcc))("the native kernel agrees", () => {
  it("about which programs are taken, as seccomp and as socket filters", () => {
    for (const as of ["seccomp", "socket"] as const) {
      const { differences, hits, compared } = compareCheckers(SEED, 10_000, as);
      expect(differences).toEqual([]);
      expect(hits / compared).toBeGreaterThan(0.3);
    }
  });
  it("about what programs compute, evaluated and compiled", () => {
    const { differences, hits, compared } = compareEvaluators(randomTrials(SEED, 400, 5));
    expect(differences).toEqual([]);
    expect(hits / compared).toBeGreaterThan(0.5);
  });
  it("about how many filters fit", () => {
    const ret = stmt(BPF.RET | BPF.K, 0x7fff0000);
    // Behind a return that always allows, instructions of every kind only count.
    const r = random(SEED);
    const mixed = Array.from({ length: 12 }, () => [ret, ...checkedProgram(r)]);
    const programs: Program[] = [[ret], Array(255).fill(ret), Array(4096).fill(ret), ...mixed];
    expect(nativePath(programs)).toEqual(programs.map(fits));
  });
});

/** The number of times that a program fits, from its length and the penalty of each attached filter. */
const fits = (program: Program): number => {
  const { max, penalty } = upstream.pathLimit ?? { max: 0, penalty: 0 };
  return Math.floor((max + penalty) / (convertedLength(program) + penalty));
};

const libseccomp = debian("libseccomp-amd64");
describe.skipIf(missing("filters of libseccomp", nativeX64, gcc, libseccomp))("filters that libseccomp writes", () => {
  const program = (name: string): Program => {
    const lib = `${libseccomp.path}/usr`;
    const binary = build("test/seccomp/native/libseccomp.c", "libseccomp", [
      "-Wno-missing-field-initializers",
      `-I${lib}/include`,
      `${lib}/lib/x86_64-linux-gnu/libseccomp.a`,
    ]);
    return decodeProgram(spawnSync(binary, [name]).stdout);
  };
  for (const name of ["container", "container-tree", "denylist"]) {
    it(`are taken and decide as on the native kernel: ${name}`, () => {
      const insns = program(name);
      expect(insns.length).toBeGreaterThan(20);
      expect(checkFilter(upstream, insns)).toBeUndefined();
      const r = random(SEED);
      const cases = Array.from({ length: 1000 }, () => randomCase(r));
      const { differences, compared } = compareEvaluators([{ program: insns, cases }]);
      expect([differences, compared]).toEqual([[], 1000]);
      expect(assemble(disassemble(insns, { ...upstream, abi: x64 })).program).toEqual(insns);
    });
  }
});
