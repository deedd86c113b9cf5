// kafel's policies: their meaning, and mistakes in them.
import { describe, expect, it } from "vitest";
import { dataOfCall, detectFormat, type Policy, parseCall, readPolicy, valueText } from "../../src/policy/index.ts";
import { effectOf, upstream } from "../../src/seccomp/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): Promise<Policy> => readPolicy("p.kafel", bytes(text), { format: "kafel" });
const verdict = ({ diagram }: Policy, call: string): string =>
  valueText(effectOf(upstream, diagram.valueOf(dataOfCall(parseCall(call))) as number));

const policy = `#define STDOUT 1
#define mysyscall -1
POLICY io { // a comment
  ALLOW {
    read,
    write { fd == STDOUT || fd == 2, (count < 0x10 && buf != 0) },
    newstat, mysyscall, SYSCALL[0777] (a) { a == 0b101 }
  }
}
/* another */
POLICY more {
  USE io,
  ERRNO(13) { open { (flags & 3) == 1 }, close(x) { x == 7 } },
  TRAP(5) { dup ON arm, dup2 ON { x86, x86_64 }, ioctl { !(cmd == 5) && fd & 0x100000000 == 0 } },
  KILL_PROCESS { read, lseek { offset >= -1 || whence == -1 } }
}
USE more DEFAULT LOG
`;

describe("a kafel policy", () => {
  it.each([
    ["read", "ALLOW"],
    ["i386.read", "KILL_THREAD"],
    ["getpid", "LOG"],
    ["write(1)", "ALLOW"],
    // fd has 32 bits, count 64.
    ["write(0x100000002)", "ALLOW"],
    ["write(3, 1, 15)", "ALLOW"],
    ["write(3, 0, 15)", "LOG"],
    ["write(3, 1, 0x10000000f)", "LOG"],
    ["stat", "ALLOW"],
    ["x64.-1", "ALLOW"],
    ["x64.511(5)", "ALLOW"],
    ["x64.511(0x100000005)", "LOG"],
    ["open(0, 0x101)", "ERRNO(EACCES)"],
    ["open(0, 2)", "LOG"],
    ["close(7)", "ERRNO(EACCES)"],
    ["close(0x100000007)", "LOG"],
    ["dup", "LOG"],
    ["dup2", "TRAP(5)"],
    ["ioctl(0, 6)", "TRAP(5)"],
    ["ioctl(0, 5)", "LOG"],
    ["ioctl(0x100000000, 6)", "LOG"],
    ["lseek(0, 0xffffffffffffffff, 0)", "KILL_PROCESS"],
    // A number of 64 bits makes the comparison one of 64 bits.
    ["lseek(0, 0, 0xffffffff)", "LOG"],
    ["lseek(0, 0, 0xffffffffffffffff)", "KILL_PROCESS"],
  ])("has for %s %s", async (call, wanted) => {
    expect(verdict(await read(policy), call)).toBe(wanted);
  });
  it("kills by default, and is detected", async () => {
    expect(verdict(await read("ALLOW { read }"), "write")).toBe("KILL_THREAD");
    for (const text of [policy, "ALLOW { read }", "POLICY a { } USE a DEFAULT KILL"]) expect(detectFormat(bytes(text))).toBe("kafel");
  });
});

describe("a mistake in a kafel policy is told with its place", () => {
  it.each([
    ["ALLOW { raed }", 'x86-64 has no system call "raed"', 9, "did you mean read?"],
    ["ALLOW { stat }", 'x86-64 has no system call "stat"', 9, "kafel's name of it is newstat"],
    ["ALLOW { read { df == 1 } }", "there is no argument or constant df here", 16, "did you mean fd?"],
    ["ALOW { read }", "there is no action ALOW", 1, "did you mean ALLOW?"],
    ["USE a DEFAULT KILL", "there is no policy a above", 5, undefined],
    ["ALLOW { read { fd } }", "this is no comparison", 16, undefined],
    ["ALLOW { read { (fd == 1) == 1 } }", "this is no number", 16, undefined],
    ["ERRNO(65536) { read }", "this number is above 65535", 7, undefined],
    ["ALLOW { read { fd == 0x10000000000000000 } }", "this number does not fit 64 bits", 22, undefined],
    ["DEFAULT KILL DEFAULT ALLOW", "there is a default action already", 14, undefined],
    ['#include "a.policy"', "other files are not read", 1, "put the policies of the file here"],
    ["ALLOW { read write }", 'here must be "," or "}"', 14, undefined],
    ["ALLOW { read", 'here must be "," or "}"', 13, undefined],
    ["ALLOW { read ON arm65 }", "there is no architecture arm65", 17, "did you mean arm64?"],
  ])("%j", async (text, message, column, help) => {
    await expect(read(text)).rejects.toMatchObject({ sentence: message, span: { column }, ...(help === undefined ? {} : { help }) });
  });
});
