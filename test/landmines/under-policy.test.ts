// `landmines --policy`: the policy comes after a program's own preparation, and each row says which of the
// two decided.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errno, policy } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { type PolicyResult, underPolicy } from "../../src/landmines/under-policy.ts";
import { top } from "../support/host.ts";

const files = (name: string) => readFile(join(top, "guest", "bin", name));
const under = async (bpf: Uint8Array): Promise<readonly PolicyResult[]> => {
  const results: PolicyResult[] = [];
  for (const mine of catalogue) {
    const result = await underPolicy(mine, { policy: bpf, profile: "upstream", vendor: "amd", switches: {}, files });
    if (result) results.push(result);
  }
  return results;
};
const ids = (results: readonly PolicyResult[], verdict: PolicyResult["verdict"]): readonly string[] =>
  results.filter((result) => result.verdict === verdict).map(({ mine }) => mine.id);

describe("the catalogue under a policy", { timeout: 120_000 }, () => {
  it("that a small program needs: no row is stopped in its preparation", async () => {
    const learned = policy({ default: errno("EPERM") }).allow(
      "read",
      "write",
      "openat",
      "close",
      "mmap",
      "exit",
      "exit_group",
      "rt_sigaction",
    );
    const results = await under(learned.bpf());
    // SYSENTER on AMD, and a suspension that the kernel refuses, say nothing of the policy.
    for (const id of ["A10", "D4"]) expect(ids(results, "no-question")).toContain(id);
    const closed = results.filter(({ verdict }) => verdict === "closed");
    expect(closed.length).toBeGreaterThan(25);
    expect(closed.filter(({ what }) => /PR_SET_NO_NEW_PRIVS|landlock_|seccomp\(/.test(what)).map(({ mine }) => mine.id)).toEqual([]);
    expect(closed.find(({ mine }) => mine.id === "A1")?.what).toBe("at i386.getppid(): KILL_PROCESS");
    expect(results.find(({ mine }) => mine.id === "B1")).toMatchObject({ verdict: "open", what: '"closed descriptor 7"' });
    expect(ids(results, "not-tried")).toEqual([]);
  });
  it("that allows everything: each way around is open", async () => {
    const results = await under(policy({ default: { value: 0x7fff0000 }, arch: ["x64", "i386"], otherArch: { value: 0x7fff0000 } }).bpf());
    expect(ids(results, "closed")).toEqual([]);
    expect(ids(results, "not-tried")).toEqual([]);
    expect(ids(results, "open").length).toBeGreaterThan(30);
  });
});
