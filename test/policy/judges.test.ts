// The workbench against judges, a sample of `npm run conformance:policy`: the evaluator, libseccomp, and the
// filters that runc and crun load.
import { compileProfile } from "trapgate/policy";
import { programOf } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import {
  compareExplanations,
  compareLibseccomp,
  compareNative,
  comparePlanted,
  compareRuntime,
  randomPrograms,
} from "../../tools/policy/compare.ts";
import { commonFile, dockerFile, randomProfile, shipped } from "../../tools/policy/profiles.ts";
import { whyNoRuntimes } from "../../tools/policy/runtimes.ts";
import { confirmNatively } from "../../tools/policy/witnesses.ts";
import { random } from "../../tools/seccomp/random.ts";
import { busybox, debian, gcc, missing, nativeX64 } from "../support/host.ts";

describe("diagrams and explanations", () => {
  it("say what the evaluator says", () => {
    const { compared, hits, differences } = compareExplanations(randomPrograms(5, 25), 400, 5, 25);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(5000);
    expect(hits).toBeGreaterThan(100);
  });
  it("find a bit that was changed, with a witness", () => {
    const { hits, differences } = comparePlanted(randomPrograms(6, 10), 6);
    expect(differences).toEqual([]);
    expect(hits).toBeGreaterThan(5);
  });
});

describe.skipIf(missing("diagrams against the kernel under us", nativeX64, gcc))("the kernel under us", () => {
  it("does what diagrams say", () => {
    const { compared, hits, differences } = compareNative(9, 20, 20);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(200);
    expect(hits).toBeGreaterThan(50);
  });
  it("confirms the witnesses of changed bits", () => {
    const r = random(7);
    const profiles = Array.from({ length: 10 }, () => randomProfile(r, true));
    const { witnesses } = comparePlanted(
      profiles.map((profile) => programOf(compileProfile(profile, "kernel").diagram)),
      7,
    );
    expect(confirmNatively(witnesses)).toEqual({ compared: 20, hits: 20, differences: [] });
  });
});

const profiles = debian("profiles-amd64");
const library = debian("libseccomp-amd64");
describe.skipIf(missing("profiles against libseccomp", library, gcc))("profiles", () => {
  it("mean what libseccomp makes of their rules, linear and as a tree", () => {
    const { hits, pairs, differences } = compareLibseccomp(7, 60);
    expect(differences).toEqual([]);
    expect(hits).toBeGreaterThan(40);
    expect(pairs).toBeGreaterThan(3);
  });
});

const packages = [profiles, debian("containers-amd64"), busybox("amd64"), gcc];
const why = packages.every(({ met }) => met) ? whyNoRuntimes() : undefined;
const runtimes = { what: why ?? "", met: why === undefined };
describe.skipIf(missing("profiles against runc and crun", ...packages, runtimes))("profiles that are shipped", () => {
  for (const runtime of ["runc", "crun"] as const) {
    it(`are to ${runtime} what we say that they are`, async () => {
      const r = random(8);
      const list = [await shipped(dockerFile, r), await shipped(commonFile, r)];
      expect(compareRuntime(runtime, list)).toEqual({ compared: 2, hits: 2, differences: [], inexact: 0 });
    });
  }
});
