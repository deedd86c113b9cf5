import { describe, expect, it } from "vitest";
import { type SeccompProfile, seccompProfile, seccompProfileNames, upstream, v6, whyNoProfile } from "../../src/seccomp/index.ts";

const at = (name: string): SeccompProfile => {
  const found = seccompProfile(name);
  if (!found) throw new Error(`no profile ${name}`);
  return found;
};
/** The first profile in the history for which something holds. */
const since = (holds: (p: SeccompProfile) => boolean): string | undefined => seccompProfileNames.find((name) => holds(at(name)));

describe("the profiles", () => {
  it("have the names that users ask for", () => {
    for (const name of ["v6", "upstream", "3.5", "3.8", "3.17", "4.8", "4.14", "5.0", "5.9", "5.11", "6.12"])
      expect(at(name)).toBeDefined();
    for (let v = 5; v <= 17; v++) expect(at(`patch:v${v}`).name).toBe(`patch:v${v}`);
    expect([v6.name, upstream.name]).toEqual(["patch:v6", "6.12"]);
  });
  it("say why there is none of a version whose text is lost", () => {
    for (const v of [1, 2, 3, 4]) {
      expect(seccompProfile(`patch:v${v}`)).toBeUndefined();
      expect(whyNoProfile(`patch:v${v}`)).toMatch(/known/);
    }
    expect([seccompProfile("7.0"), whyNoProfile("7.0")]).toEqual([undefined, undefined]);
  });
  it("name a source for every rule", () => {
    for (const name of seccompProfileNames) {
      const { name: own, sources, ...rules } = at(name);
      expect(Object.keys(sources).sort()).toEqual(Object.keys(rules).sort());
      expect(seccompProfileNames).toContain(own);
    }
    expect(upstream.sources.beforePtrace.at).toBe("4.8");
    expect([v6.sources.layout.grade, v6.sources.attachOrder.grade, v6.sources.attachPrivilege.grade]).toEqual(["T", "R", "P"]);
  });
});

describe("history", () => {
  it("moves no_new_privs from 35 by way of 36 to 38", () => {
    const nnp = (name: string) => Object.entries(at(name).prctl).find(([, meaning]) => meaning === "set-no-new-privs")?.[0];
    expect(["v6", "patch:v13", "patch:v17", "3.5", "upstream"].map(nnp)).toEqual(["35", "36", "36", "38", "38"]);
    expect([v6.prctl[37], upstream.prctl[37]]).toEqual(["attach-filter", undefined]);
  });
  it("gives up the compat lock for arch in the data", () => {
    expect(since((p) => !p.compatLock)).toBe("patch:v10");
    expect(since((p) => p.layout.words.includes("arch"))).toBe("patch:v10");
    expect([v6.layout.size, at("patch:v10").layout.size, at("patch:v11").layout.size]).toEqual([56, 64, 64]);
  });
  it("moves the question of privilege before the copy", () => {
    const first = (p: SeccompProfile) => p.attachOrder.indexOf("privilege") < p.attachOrder.indexOf("copy");
    expect(since(first)).toBe("patch:v14");
    expect([first(v6), first(upstream)]).toEqual([false, true]);
  });
  it("adds interfaces in order", () => {
    expect(since((p) => p.operations.includes("set-mode-filter"))).toBe("3.17");
    expect(since((p) => p.flags.includes("TSYNC"))).toBe("3.17");
    expect(since((p) => !p.beforePtrace && p.recheckAfterTrace)).toBe("4.8");
    expect(since((p) => p.returns.actions.some((a) => a.name === "KILL_PROCESS"))).toBe("4.14");
    expect(since((p) => p.returns.actions.some((a) => a.action === "user_notif"))).toBe("5.0");
    expect(since((p) => p.notif.includes("addfd"))).toBe("5.9");
    expect(since((p) => p.exempt.includes(336))).toBe("6.18");
  });
  it("keeps the 6.12 list of actions in the order of actions_avail", () => {
    expect(upstream.returns.actions.map((a) => a.action).join(" ")).toBe("kill_process kill_thread trap errno user_notif trace log allow");
  });
  it("kills by SIGKILL until v11, by SIGSYS after", () => {
    expect(since((p) => p.kill.signal === 31)).toBe("patch:v11");
    expect(upstream.kill).toEqual({ signal: 31, how: "forced" });
  });
});
