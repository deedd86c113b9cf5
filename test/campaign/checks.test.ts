// The mistake that a call with several mistakes reports. Each case is a difference from the host's kernel
// that the campaign found, as a call and its result.
import { describe, expect, it } from "vitest";
import { E } from "../../src/abi/errno.ts";
import type { SyscallName } from "../../src/abi/numbers.ts";
import { canRunNatively, runNatively } from "../../tools/campaign/syscalls/native.ts";
import { runInside } from "../../tools/campaign/syscalls/run.ts";
import { ARENA_SIZE, at, type Call, encode } from "../../tools/campaign/syscalls/script.ts";
import { missing } from "../support/host.ts";

const [path, other, zeros, bad] = [at.arena, at.arena + 16, at.arena + 0x100, at.nothing];
/** Events of epoll: all, and two. */
const [ones, exclusive] = [at.arena + 0x300, at.arena + 0x310];
const setup = [
  ["chdir", at.arena + 32],
  ["open", path, 0o102, 0o644],
  ["eventfd2", 0, 0],
  ["pipe2", at.arena + 0x200, 0],
  ["mkdir", other, 0o755],
  ["socketpair", 1, 1, 0, at.arena + 0x208],
  ["epoll_create1", 0],
] as const satisfies readonly (readonly [SyscallName, ...number[]])[];
/** Descriptors that these make. */
const [file, event, pipe, socket, epoll] = [3, 4, 6, 7, 9];

const cases = [
  ["accept4 judges its flags before the file", "accept4", [file, 0, 0, 1], -E.EINVAL],
  ["accept4 wants a descriptor first", "accept4", [99, 0, 0, 1], -E.EBADF],
  ["accept4 wants a socket last", "accept4", [file, 0, 0, 0], -E.ENOTSOCK],
  ["connect fetches the address before it knows the socket", "connect", [file, bad, 16], -E.EFAULT],
  ["connect judges the length before the socket", "connect", [file, path, 129], -E.EINVAL],
  ["connect wants a descriptor first", "connect", [99, bad, 16], -E.EBADF],
  ["connect wants a socket last", "connect", [file, path, 16], -E.ENOTSOCK],
  ["connect still knows a bad family", "connect", [socket, zeros, 16], -E.EINVAL],
  ["flock takes LOCK_MAND and does nothing", "flock", [file, 0x7fff_ffff], 0],
  ["renameat2 leaves a whiteout without privileges", "renameat2", [-100, bad, -100, bad, 4], -E.EFAULT],
  ["open drops what O_PATH does not know, and the mode with it", "open", [other, 0o10000000 | 0o200000 | 0o100, 0o644], 10],
  ["open has no O_DIRECT for directories", "open", [other, 0o40000, 0], -E.EINVAL],
  ["sigaltstack takes what asks for no change", "sigaltstack", [zeros, 0], 0],
  ["epoll_ctl takes few events beside EPOLLEXCLUSIVE", "epoll_ctl", [epoll, 1, event, ones], -E.EINVAL],
  ["epoll_ctl looks at EPOLLEXCLUSIVE of what is added only", "epoll_ctl", [epoll, 2, epoll, ones], -E.EINVAL],
  ["epoll_ctl takes IN beside EPOLLEXCLUSIVE", "epoll_ctl", [epoll, 1, event, exclusive], 0],
  ["fallocate knows what is no file: eventfd", "fallocate", [event, 0, 0, 100], -E.ENODEV],
  ["fallocate knows what is no file: pipe, of every mode there is", "fallocate", [pipe, 16, 0, 100], -E.ESPIPE],
  ["fallocate has modes that no file system needs to know", "fallocate", [file, 2, 0, 100], -E.EOPNOTSUPP],
] as const satisfies readonly (readonly [string, SyscallName, readonly number[], number])[];

const arena = new Uint8Array(ARENA_SIZE);
for (const [text, where] of [
  ["f", path],
  ["d", other],
  ["/tmp", at.arena + 32],
] as const)
  arena.set(new TextEncoder().encode(text), where - at.arena);

new DataView(arena.buffer).setUint32(ones - at.arena, 0xffff_ffff, true);
new DataView(arena.buffer).setUint32(exclusive - at.arena, 0x1000_0001, true);
const callOf = ([call, ...args]: readonly [SyscallName, ...number[]], index: number): Call => ({
  abi: "x64",
  call,
  args: args.map(String),
  index,
});
const before = [...setup, ...cases.map(([, call, args]) => [call, ...args] as const)].map(callOf);
const script = encode({ before, chunks: [], arena: Buffer.from(arena).toString("base64") });
const results = (stdout: Uint8Array): number[] => [...new BigInt64Array(stdout.slice().buffer)].map(Number).slice(setup.length);

describe("the order of checks", () => {
  const inside = results(runInside(script, { kernel: "upstream", uid: 1000, x32: false, seed: 0 }, "auto").stdout);
  it.each(cases.map(([what, , , expected], i) => [what, i, expected] as const))("%s", (_what, i, expected) => {
    expect(inside[i]).toBe(expected);
  });
  it.skipIf(missing("the order of checks is judged", { what: "root on an x86-64 Linux", met: canRunNatively() }))(
    "is that of the kernel under us",
    () => {
      expect(results(runNatively(script) as Uint8Array)).toEqual(cases.map(([, , , expected]) => expected));
    },
  );
});
