// The kernel's data beside filters: strict mode's tables, the log's lines, results of actions.

import {
  type Action,
  assemble,
  type DenialEvent,
  dataOf,
  decodeProgram,
  denialLine,
  describeReturn,
  diagramOf,
  encodeProgram,
  errnoResult,
  isLogged,
  returnValue,
  type SeccompProfile,
  seccompProfile,
  strictNumbers,
  syscallData,
  upstream,
  v6,
  x32,
} from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import { i386, x64 } from "../../src/abi/abi.ts";

const event: DenialEvent = {
  comm: "sandbox",
  exe: "/bin/sandbox",
  pid: 42,
  uid: 1000,
  gid: 1000,
  time: 12.5,
  serial: 7,
  signal: 31,
  nr: 64,
  arch: i386.auditArch,
  ipLo: 0x401000,
  ipHi: 0,
  value: 0x80000000,
};
const all: ReadonlySet<Action> = new Set(upstream.returns.actions.map((a) => a.action));

describe("strict mode", () => {
  it("has a table for each door", () => {
    expect(strictNumbers).toEqual({ x64: [0, 1, 60, 15], i386: [3, 4, 1, 119], x32: [] });
  });
});

describe("the log", () => {
  it("of v6 says whether the call was compat", () => {
    expect(denialLine(v6.log, event)).toBe("sandbox[42]: compat system call 64 blocked at 0x401000");
    expect(denialLine(v6.log, { ...event, arch: x64.auditArch, ipHi: 0x7fff })).toBe(
      "sandbox[42]: system call 64 blocked at 0x7fff00401000",
    );
  });
  it("of today is an audit record", () => {
    expect(denialLine(upstream.log, event)).toBe(
      'audit: type=1326 audit(12.500:7): auid=4294967295 uid=1000 gid=1000 ses=4294967295 pid=42 comm="sandbox" exe="/bin/sandbox" ' +
        "sig=31 arch=40000003 syscall=64 compat=1 ip=0x401000 code=0x80000000",
    );
  });
  it("of 3.5 was one without a type of its own", () => {
    const line = denialLine((seccompProfile("3.5") as SeccompProfile).log, { ...event, value: 0 });
    expect(line).toMatch(/type=1701 .*comm="sandbox" reason="seccomp" sig=31 syscall=64 compat=1 ip=0x401000 code=0x0$/);
  });
  it("takes kills and LOG always, the rest when the filter asks, nothing that actions_logged leaves out", () => {
    const logged = (action: Action, asked: boolean, sysctl = all) => isLogged(upstream.log, action, asked, sysctl);
    expect([
      logged("kill_thread", false),
      logged("log", false),
      logged("errno", false),
      logged("errno", true),
      logged("allow", true),
    ]).toEqual([true, true, false, true, false]);
    expect(logged("kill_process", false, new Set<Action>(["log"]))).toBe(false);
  });
});

describe("actions", () => {
  it("carry 16 bits of data, ERRNO at most 4095 since Linux 4.0", () => {
    expect([0x00050000, 0x00050002, 0x0005ffff].map((v) => errnoResult(upstream.returns, v))).toEqual([0, -2, -4095]);
    expect(errnoResult((seccompProfile("3.5") as SeccompProfile).returns, 0x0005ffff)).toBe(-0xffff);
    expect(dataOf(0x7ff01234)).toBe(0x1234);
  });
  it("are made and described by name", () => {
    expect(returnValue(upstream.returns, "errno", 13)).toBe(0x0005000d);
    expect([returnValue(v6.returns, "allow", 5), returnValue(v6.returns, "errno")]).toEqual([0xffffffff, undefined]);
    expect([0x0005000d, 0, 0x80000000, 0x12345678].map((v) => describeReturn(upstream.returns, v))).toEqual([
      "ERRNO(13)",
      "KILL_THREAD",
      "KILL_PROCESS",
      "0x12345678",
    ]);
    expect([0xffffffff, 0, 0x7fff0000].map((v) => describeReturn(v6.returns, v))).toEqual(["ALLOW", "DENY", "0x7fff0000"]);
  });
});

describe("the data of a call", () => {
  it("has number, architecture and registers of the ABI", () => {
    expect(syscallData("openat")).toEqual({ nr: 257, arch: 0xc000003e, ipLo: 0, ipHi: 0, args: new Uint32Array(12) });
    const { nr, arch, ipLo, ipHi, args } = syscallData("readv", { abi: x32, args: [3, -1n, 2n ** 40n], ip: 0x7fff_0000_1000n });
    expect([nr, arch, ipLo, ipHi]).toEqual([0x40000203, 0xc000003e, 0x1000, 0x7fff]);
    expect([...args.subarray(0, 6)]).toEqual([3, 0, 0xffffffff, 0xffffffff, 0, 0x100]);
    expect(syscallData(-1, { abi: i386 }).nr).toBe(-1);
  });
  it("asks for a call that the ABI has, and for whole numbers", () => {
    const said = (call: () => unknown): string => {
      try {
        return String(call());
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(said(() => syscallData("opnat" as never))).toMatch(/^there is no system call "opnat".*did you mean open/);
    expect(said(() => syscallData("socketcall"))).toMatch(/^x64 has no system call "socketcall"/);
    expect(said(() => syscallData("read", { args: [0.5] }))).toMatch(/^argument 0 is a whole number, not 0.5/);
    expect(said(() => syscallData("read", { args: [1, 2, 3, 4, 5, 6, 7] }))).toMatch(/at most six arguments, not 7/);
    expect(said(() => syscallData("read", { abi: "i386" as never }))).toMatch(/^the ABI is x64, i386 or x32/);
    expect(said(() => syscallData(0.5))).toMatch(/whole number, not 0.5/);
  });
  it("is what the evaluator takes", () => {
    const { program } = assemble("A = sys_number\nA == openat ? dead : ok\nok: return ALLOW\ndead: return ERRNO(1)");
    expect([syscallData("openat"), syscallData("read")].map((data) => diagramOf(program).valueOf(data))).toEqual([0x00050001, 0x7fff0000]);
  });
});

describe("bytes", () => {
  it("are struct sock_filter, little endian", () => {
    const bytes = Uint8Array.of(0x15, 0, 1, 2, 0x3e, 0, 0, 0xc0);
    expect(decodeProgram(bytes)).toEqual([{ code: 0x15, jt: 1, jf: 2, k: 0xc000003e }]);
    expect(encodeProgram(decodeProgram(bytes))).toEqual(bytes);
  });
});
