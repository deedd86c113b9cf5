// The guest of a finding: it performs the denied action in the way that the finding reports as open.
import { type Abi, i386, x64 } from "../../../abi/abi.ts";
import type { Finding } from "../../../policy/audit/finding.ts";
import { multiplexed } from "../../../policy/meaning.ts";
import { abiOf, nameOf } from "../../../policy/names.ts";
import type { Diagram, SyscallData } from "../../../seccomp/index.ts";
import { withUseful } from "./arguments.ts";
import { ADDRESS_LENGTH, argumentOf, at, callLines, type GuestText, native } from "./guest.ts";

const args6 = [0, 1, 2, 3, 4, 5] as const;

const isDone = ["cmp rax, -4095", "jae .bad"];

/** One call. */
export const callGuest = (data: SyscallData): GuestText => ({
  steps: callLines(
    data.nr,
    data.arch,
    args6.map((i) => argumentOf(data, i)),
  ),
});

/** A socket that another one can be connected to: its descriptor is in r12. */
const listening: readonly string[] = [
  ...native(41, 1n, 1n, 0n),
  "mov rbx, rax",
  ...native(49, "rbx", BigInt(at.address), BigInt(ADDRESS_LENGTH)),
  ...native(50, "rbx", 1n),
  ...native(41, 1n, 1n, 0n),
  "mov r12, rax",
];
const connecting = (nr: number, abi: Abi): GuestText => ({
  before: listening,
  steps: callLines(nr, abi.auditArch, ["r12", BigInt(at.address), BigInt(ADDRESS_LENGTH)]),
});

/** socketcall(2), and ipc(2) of three arguments. */
const multiplexer = ({ passes, denied }: Finding, diagram: Diagram): GuestText | undefined => {
  if (!passes || !denied) return undefined;
  const code = Number(argumentOf(passes.data, 0) & 0xffn);
  const name = nameOf(passes.data.nr >>> 0, i386) as "socketcall" | "ipc";
  const [call] = Object.entries(multiplexed[name]).find(([, number]) => number === code) ?? [];
  const wanted = withUseful(diagram, denied.data, i386);
  const values = args6.map((i) => BigInt.asUintN(32, argumentOf(wanted, i)));
  if (name === "socketcall") {
    const steps = callLines(passes.data.nr, i386.auditArch, [BigInt(code), BigInt(at.block)]);
    return { steps, words: { size: 4, values } };
  }
  if (!call?.endsWith("get")) return undefined;
  return { steps: callLines(passes.data.nr, i386.auditArch, [BigInt(code), ...values.slice(0, 3), 0n, 0n]) };
};

/** clone3(2) with the flags that the policy keeps from clone(2). */
const SIGCHLD = 17n;
const CSIGNAL = 0xffn;
const clone3 = ({ denied }: Finding): GuestText => {
  const flags = denied ? argumentOf(denied.data, 0) & 0xffff_ffffn & ~CSIGNAL : 0n;
  return { steps: native(435, BigInt(at.block), 64n), words: { size: 8, values: [flags, 0n, 0n, 0n, SIGCHLD, 0n, 0n, 0n] } };
};

/** man 2 io_uring_enter: IORING_OP_*, with the values at 0, 4, 8, 16, 24 and 28 of struct io_uring_sqe. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  connect: ["mov byte [r15], 16", "mov [r15 + 4], r12d", `mov qword [r15 + 8], ${ADDRESS_LENGTH}`, `mov qword [r15 + 16], ${at.address}`],
  socket: ["mov byte [r15], 45", "mov dword [r15 + 4], 1", "mov dword [r15 + 8], 1"],
  openat: ["mov byte [r15], 18", "mov dword [r15 + 4], -100", `mov qword [r15 + 16], ${at.path}`],
};
for (const name of ["open", "creat", "openat2"]) (OPERATIONS as Record<string, readonly string[]>)[name] = OPERATIONS["openat"] ?? [];
const ring = (name: string): GuestText | undefined => {
  const operation = OPERATIONS[name];
  if (!operation) return undefined;
  const map = (offset: bigint): readonly string[] => native(9, 0n, 4096n, 3n, 1n, "rbp", offset);
  return {
    before: name === "connect" ? listening : [],
    // Offsets of struct io_uring_params: sq_off.tail 44, sq_off.array 64, cq_off.cqes 100.
    steps: [
      ...[...native(425, 1n, BigInt(at.zeros)), ...isDone, "mov rbp, rax"],
      ...[...map(0n), ...isDone, "mov r14, rax"],
      ...[...map(0x1000_0000n), ...isDone, "mov r15, rax"],
      ...operation,
      `mov eax, [${at.zeros + 64}]`,
      "mov dword [r14 + rax], 0",
      `mov eax, [${at.zeros + 44}]`,
      "mov dword [r14 + rax], 1",
      ...[...native(426, "rbp", 1n, 1n, 1n, 0n, 0n), ...isDone],
      `mov eax, [${at.zeros + 100}]`,
      "movsxd rax, dword [r14 + rax + 8]",
    ],
  };
};

/** A parent without the filter, in r13, that ends as its child with the filter ends. */
const parent: readonly string[] = [
  ...native(39),
  "mov r13, rax",
  ...native(57),
  "test rax, rax",
  "jz .child",
  ...native(61, "rax", BigInt(at.zeros), 0n, 0n),
  `mov eax, [${at.zeros}]`,
  "and eax, 0x7f",
  "cmp eax, 4",
  "je .good",
  "jmp .bad",
  ".child:",
];
const WALL = 0x4000_0000n;
const [ATTACH, POKEDATA] = [16n, 5n];
/** Calls on that parent. man 2 ptrace, process_vm_writev, pidfd_getfd. */
const onParent: Readonly<Record<string, readonly string[]>> = {
  ptrace: [
    ...[...native(101, ATTACH, "r13"), ...isDone],
    ...[...native(61, "r13", 0n, WALL, 0n), ...isDone],
    ...native(101, POKEDATA, "r13", BigInt(at.zeros + 512), 1n),
  ],
  process_vm_writev: native(311, "r13", BigInt(at.block), 1n, BigInt(at.block + 16), 1n, 0n),
  pidfd_getfd: [...native(434, "r13", 0n), ...isDone, ...native(438, "rax", 0n, 0n)],
};
const otherProcess = (name: string): GuestText | undefined => {
  const steps = onParent[name];
  // Two struct iovec: eight bytes from a page of zeros, and where they go.
  const values = [BigInt(at.zeros + 256), 8n, BigInt(at.zeros + 512), 8n];
  return steps && { before: parent, steps, words: { size: 8, values } };
};

/** The guest of an escape that needs more than the finding's calls; otherwise undefined. */
const special = (finding: Finding, diagram: Diagram): GuestText | undefined => {
  const { id, passes, denied } = finding;
  if (!passes) return undefined;
  if (id === "multiplexer") return multiplexer(finding, diagram);
  if (id === "other-processes") return otherProcess(nameOf(passes.data.nr >>> 0, x64) ?? "");
  if (id === "clone3") return clone3(finding);
  if (id === "io-uring" && denied) return ring(nameOf(denied.data.nr >>> 0, x64) ?? "");
  return undefined;
};

/** The guests that show a finding. */
export interface Escape {
  /** It makes the call that the policy denies. */
  readonly denied: GuestText | undefined;
  /** It makes the calls that pass. */
  readonly passes: GuestText | undefined;
}

/** True if the guest can make the call: through a door, from its own address. */
const canBeMade = ({ ipLo, ipHi, arch, nr }: SyscallData): boolean => ipLo === 0 && ipHi === 0 && abiOf(arch, nr) !== undefined;

const plain = (diagram: Diagram, data: SyscallData): GuestText => {
  const abi = abiOf(data.arch, data.nr) as Abi;
  const isFree = args6.every((i) => argumentOf(data, i) === 0n);
  if (nameOf(data.nr >>> 0, abi) === "connect" && isFree) return connecting(data.nr, abi);
  return callGuest(withUseful(diagram, data, abi));
};

/** Undefined: the verdict depends on the address of the call, or no door leads to it. */
export const escapeOf = (finding: Finding, diagram: Diagram): Escape | undefined => {
  const { denied, passes } = finding;
  if ((denied && !canBeMade(denied.data)) || (passes && !canBeMade(passes.data))) return undefined;
  return {
    denied: denied && plain(diagram, denied.data),
    passes: special(finding, diagram) ?? (passes && plain(diagram, passes.data)),
  };
};
