import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { i386, x64 } from "../../src/abi/abi.ts";
import {
  actionOf,
  assemble,
  attach,
  BPF,
  evaluate,
  Filter,
  type FilterProblem,
  isAncestor,
  type Program,
  type SeccompProfile,
  type SyscallData,
  seccompProfile,
  stmt,
  upstream,
  v6,
  wordsOf,
} from "../../src/seccomp/index.ts";
import { anyCase, upstreamProgram } from "./arbitrary.ts";

const call = (nr: number, arch = x64.auditArch, arg0 = 0): SyscallData => {
  const args = new Uint32Array(12);
  args[0] = arg0;
  return { nr, arch, ipLo: 0, ipHi: 0, args };
};
const ret = (value: number): Program => [stmt(BPF.RET | BPF.K, value)];
/** Attached oldest first; the last one given is the newest. */
const chain = (profile: SeccompProfile, ...programs: (Program | string)[]): Filter => {
  let head: Filter | null = null;
  for (const p of programs) {
    const program: Program = typeof p === "string" ? assemble(p, { returns: profile.returns, layout: profile.layout }).program : p;
    const next = attach(profile, head, program);
    if (!(next instanceof Filter)) throw new Error(next.message);
    head = next;
  }
  return head as Filter;
};
const decide = (filter: Filter, data: SyscallData) => {
  const verdict = { value: 0, filter: null as Filter | null };
  const value = filter.decide(data, verdict);
  expect(verdict.value).toBe(value);
  return { value, action: actionOf(filter.profile.returns, value), filter: verdict.filter };
};

describe("several filters", () => {
  const values = [0x80000000, 0, 0x00030007, 0x00050007, 0x7fc00007, 0x7ff00007, 0x7ffc0007, 0x7fff0007];
  it("give the action of highest precedence, whichever came first", () => {
    for (const [i, high] of values.entries()) {
      for (const low of values.slice(i + 1)) {
        expect(decide(chain(upstream, ret(high), ret(low)), call(1)).value).toBe(high);
        expect(decide(chain(upstream, ret(low), ret(high)), call(1)).value).toBe(high);
      }
    }
  });
  it("give the newest one's data when actions are equal", () => {
    const filters = chain(upstream, ret(0x00050005), ret(0x00050006));
    expect(decide(filters, call(1))).toEqual({ value: 0x00050006, action: "errno", filter: filters });
  });
  it("say which filter won, and none when all allow", () => {
    const filters = chain(upstream, ret(0x00050001), ret(0x7fff0000));
    expect(decide(filters, call(1)).filter).toBe(filters.prev);
    expect(decide(chain(upstream, ret(0x7fff0000)), call(1)).filter).toBeNull();
  });
  it("take an unknown action for a kill: of the process today, of the thread before Linux 5.10", () => {
    for (const value of [0x00010000, 0x7ffb0000, 0xffffffff]) {
      expect(decide(chain(upstream, ret(value)), call(1)).action).toBe("kill_process");
    }
    expect(decide(chain(seccompProfile("5.9") as SeccompProfile, ret(0x7ffb0000)), call(1)).action).toBe("kill_thread");
    expect(decide(chain(seccompProfile("3.5") as SeccompProfile, ret(0x80000000)), call(1)).action).toBe("kill_thread");
  });
  it("share what was attached before a fork and diverge after it", () => {
    const common = chain(upstream, ret(0x7fff0000));
    const one = new Filter(upstream, common, ret(0x00050001), { arch: x64.auditArch });
    const two = new Filter(upstream, common, ret(0x00050002), { arch: x64.auditArch });
    expect([decide(one, call(1)).value, decide(two, call(1)).value, decide(common, call(1)).value]).toEqual([0x50001, 0x50002, 0x7fff0000]);
    expect([isAncestor(common, one), isAncestor(one, two), isAncestor(null, one), isAncestor(one, null)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([one.depth, [...one.chain()]]).toEqual([2, [one, common]]);
  });
});

describe("the v6 dialect", () => {
  const allow = 0xffffffff;
  it("allows by 0xffffffff and nothing else", () => {
    expect(decide(chain(v6, ret(allow)), call(1)).action).toBe("allow");
    for (const value of [0, 0x7fff0000, 0x7fffffff, 1]) expect(decide(chain(v6, ret(value)), call(1)).action).toBe("kill_thread");
  });
  it("wants every filter to allow", () => {
    const filters = chain(v6, "A = sys_number; A == 39 ? dead : ok; ok: return ALLOW; dead: return DENY", ret(allow));
    expect(decide(filters, call(1)).action).toBe("allow");
    expect(decide(filters, call(39))).toMatchObject({ action: "kill_thread", filter: filters.prev });
  });
  it("denies calls through the other ABI's door for every program", () => {
    const filter = chain(v6, ret(allow));
    expect(decide(filter, call(4, i386.auditArch)).action).toBe("kill_thread");
    const compat = new Filter(v6, null, ret(allow), { arch: i386.auditArch });
    expect([decide(compat, call(4, i386.auditArch)).action, decide(compat, call(4)).action]).toEqual(["allow", "kill_thread"]);
  });
  it("refuses a filter through another door than those before it", () => {
    expect(attach(v6, chain(v6, ret(allow)), ret(allow), { arch: i386.auditArch })).toMatchObject({ code: "compat-lock", errno: "EACCES" });
    expect(attach(upstream, chain(upstream, ret(0)), ret(0), { arch: i386.auditArch })).toBeInstanceOf(Filter);
  });
});

/** The path on which no more of the program fits. */
const longest = (profile: SeccompProfile, program: Program): Filter => {
  let head: Filter | null = null;
  for (;;) {
    const next: ReturnType<typeof attach> = attach(profile, head, program);
    if (!(next instanceof Filter)) return head as Filter;
    head = next;
  }
};
/** The number that fits, and the answer to the next one. */
const count = (profile: SeccompProfile, program: Program): [number, string] => {
  const head = longest(profile, program);
  return [head.depth, (attach(profile, head, program) as FilterProblem).errno];
};
const returns = (n: number): Program => Array.from({ length: n }, () => stmt(BPF.RET | BPF.K, 0xffffffff));

describe("the path limit", () => {
  it("counts converted instructions: as many filters fit as a real kernel takes", () => {
    expect([1, 2, 16, 256, 1024, 4096].map((n) => count(upstream, returns(n)))).toEqual(
      [3641, 2979, 840, 63, 15, 3].map((n) => [n, "ENOMEM"]),
    );
  });
  it("counted instructions as given before Linux 3.15, and otherwise in the patch series", () => {
    expect(count(seccompProfile("3.5") as SeccompProfile, returns(4096))).toEqual([7, "ENOMEM"]);
    expect(count(seccompProfile("patch:v14") as SeccompProfile, returns(4096))).toEqual([32, "ENOSPC"]);
    expect(count(seccompProfile("patch:v12") as SeccompProfile, returns(4096))).toEqual([160, "E2BIG"]);
  });
});

describe("memory", () => {
  it("ends where the v6 patch set no limit: a guest that attaches for ever gets ENOMEM", () => {
    expect(count(v6, returns(1))).toEqual([16_384, "ENOMEM"]);
    expect(count(v6, returns(4096))).toEqual([256, "ENOMEM"]);
  });
  it("and the stack is enough for the longest path", () => {
    const filters = longest(v6, ret(0xffffffff));
    expect([decide(filters, call(1)).action, filters.alwaysAllows(2, x64.auditArch)]).toEqual(["allow", true]);
  });
});

describe("the cache of what is always allowed", () => {
  it("remembers per number and ABI, for the whole chain", () => {
    const old = "A = sys_number; A == 39 ? look : ok; look: A = args[0]; A == 7 ? dead : ok; ok: return ALLOW; dead: return KILL";
    const filters = chain(upstream, old, "A = arch; A == ARCH_I386 ? dead : ok; ok: return ALLOW; dead: return KILL");
    const always = (nr: number, arch = x64.auditArch) => filters.alwaysAllows(nr, arch);
    expect([always(38), always(39), always(38, i386.auditArch), always(-1), always(5000)]).toEqual([true, false, false, false, false]);
    expect([decide(filters, call(39)).action, decide(filters, call(39, x64.auditArch, 7)).action]).toEqual(["allow", "kill_thread"]);
  });
  test.prop([upstreamProgram, upstreamProgram, anyCase], { numRuns: 300 })("changes no verdict, nor does compiling", (one, two, c) => {
    const filters = chain(upstream, one, two);
    const words = wordsOf(upstream.layout, c.data);
    const [newer, older] = [evaluate(upstream, two, words), evaluate(upstream, one, words)];
    const wanted = (older & 0xffff0000) < (newer & 0xffff0000) ? older : newer;
    for (let i = 0; i < 3; i++) {
      const { value } = decide(filters, c.data);
      if (actionOf(upstream.returns, wanted) === "allow") expect(actionOf(upstream.returns, value)).toBe("allow");
      else expect(value).toBe(wanted);
    }
  });
  it("gives the same verdict after the filter has become hot", () => {
    const filter = chain(upstream, "A = args[0]; A > 5 ? dead : next; return ALLOW; dead: return ERRNO(9)");
    for (let i = 0; i < 20_000; i++) {
      if (decide(filter, call(1, x64.auditArch, i % 10)).value !== (i % 10 > 5 ? 0x00050009 : 0x7fff0000)) throw new Error(`call ${i}`);
    }
  });
});

describe("a number that is called often", () => {
  const OFTEN = 250;
  /** Programs of random cases seldom allow anything. */
  const obliging = (program: Program): Program =>
    program.map((insn) => (insn.code === (BPF.RET | BPF.K) && insn.k % 4 !== 0 ? { ...insn, k: 0x7fff0000 } : insn));
  const fresh = (filters: Filter, data: SyscallData) =>
    decide(chain(upstream, ...[...filters.chain()].reverse().map((f) => f.program)), data);

  test.prop([upstreamProgram, upstreamProgram, anyCase, anyCase], { numRuns: 60 })("is judged as a rare one", (a, b, c, d) => {
    const filters = chain(upstream, obliging(a), obliging(b));
    const like = (other: SyscallData): SyscallData => ({ ...other, nr: c.data.nr & 0xff, arch: x64.auditArch });
    for (let i = 0; i < OFTEN; i++) decide(filters, like(c.data));
    for (const data of [like(c.data), like(d.data)]) expect(decide(filters, data).value).toBe(fresh(filters, data).value);
  });
  /** Arguments of few kinds, so that some repeat, in either half. */
  const repeated = fc.array(fc.array(fc.constantFrom(0, 1, 22, 0xffff_ffff), { minLength: 12, maxLength: 12 }), {
    minLength: 20,
    maxLength: 60,
  });
  test.prop([upstreamProgram, upstreamProgram, anyCase, repeated], { numRuns: 60 })(
    "is remembered only as it would be judged",
    (a, b, c, arguments_) => {
      const filters = chain(upstream, obliging(a), obliging(b));
      const nr = c.data.nr & 0xff;
      const arch = x64.auditArch;
      for (let i = 0; i < OFTEN; i++) decide(filters, { ...c.data, nr, arch });
      for (const list of [...arguments_, ...arguments_]) {
        const data = { ...c.data, nr, arch, args: Uint32Array.from(list) };
        const { action } = fresh(filters, data);
        if (filters.hasCachedAllowed(nr, arch, data.args)) expect(action).toBe("allow");
        expect(decide(filters, data).action).toBe(action);
      }
    },
  );
  it("is remembered with its arguments, also with those that the filter does not read", () => {
    const filters = chain(upstream, "A = args[1]; A > 5 ? dead : next; return ALLOW; dead: return ERRNO(9)");
    const data = (first: number, second: number): SyscallData => ({
      ...call(1, x64.auditArch, first),
      args: Uint32Array.of(first, 0, second, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    });
    const remembers = (first: number, second: number): boolean => filters.hasCachedAllowed(1, x64.auditArch, data(first, second).args);
    for (let i = 0; i < OFTEN; i++) decide(filters, data(0, 3));
    expect([remembers(0, 3), remembers(99, 3)]).toEqual([true, true]);
    expect([remembers(0, 4), remembers(0, 7)]).toEqual([false, false]);
    decide(filters, data(0, 7));
    expect(remembers(0, 7)).toBe(false);
    decide(filters, data(0, 4));
    expect([remembers(0, 3), remembers(0, 4)]).toEqual([true, true]);
  });
  it("is not remembered where a filter looks at the instruction pointer", () => {
    const filters = chain(upstream, "A = instruction_pointer; A == 77 ? dead : next; return ALLOW; dead: return ERRNO(9)");
    for (let i = 0; i < OFTEN; i++) decide(filters, call(1));
    expect(filters.hasCachedAllowed(1, x64.auditArch, new Uint32Array(12))).toBe(false);
  });
  it("keeps what was computed from it before the arguments came", () => {
    const text =
      "A = sys_number\nA += 5\nmem[3] = A\nX = A\nA = args[0]\nA -= X\nX = mem[3]\nA == 7 ? on : bad\non: A = X\nA == 15 ? ok : bad\nok: return ALLOW\nbad: return ERRNO(1)";
    const filters = chain(upstream, text, text);
    for (let i = 0; i < OFTEN; i++) {
      expect(decide(filters, call(10, x64.auditArch, 22)).action).toBe("allow");
      expect(decide(filters, call(10, x64.auditArch, 23)).action).toBe("errno");
      expect(decide(filters, call(11, x64.auditArch, 23)).action).toBe("errno");
    }
  });
});
