// Programs in which time matters: loops that signals, timers and other threads interrupt, calls between, and
// 32-bit code with dirty upper halves. A handler adds the interrupted registers to a sum, so that a signal
// which comes an instruction early or late shows at the end.
import type { Random } from "../oracle/random.ts";
import { narrowAt, place } from "./program.ts";

/** Where things lie in the program's memory. */
const at = {
  sum: place.data,
  fired: place.data + 8,
  shared: place.data + 16,
  time: place.data + 32,
  timer: place.data + 64,
  mask: place.data + 96,
  timerId: place.data + 104,
  event: place.data + 112,
  timerFd: place.data + 176,
  work: place.data + 0x1000,
  stack32: place.data + 0x8000,
  threadStack: place.data + 0x10000,
  timerFdValue: place.data + 184,
} as const;
const signals = { USR1: 10, ALRM: 14, USR2: 12 } as const;
const nr = {
  write: 1,
  mmap: 9,
  sigaction: 13,
  sigprocmask: 14,
  yield: 24,
  nanosleep: 35,
  setitimer: 38,
  getpid: 39,
  clone: 56,
  exit: 60,
  kill: 62,
  prctl: 157,
  gettid: 186,
  setscheduler: 144,
  timerCreate: 222,
  timerSettime: 223,
  clockGettime: 228,
  exitGroup: 231,
  tgkill: 234,
  timerfdCreate: 283,
  timerfdSettime: 286,
  read: 0,
} as const;
const parked = { sp: place.data + 200 } as const;

const call = (number: number, ...args: readonly (number | string)[]): string[] => {
  const registers = ["edi", "esi", "edx", "r10d", "r8d"];
  return [...args.map((a, i) => `mov ${registers[i]}, ${a}`), `mov eax, ${number}`, "syscall"];
};
const add = (register: string): string[] => [`imul rbp, rbp, 31`, `add rbp, ${register}`];

interface Drawing {
  readonly random: Random;
  label(): string;
  /** Pieces of 32-bit code (program.ts). */
  readonly narrow: string[];
  readonly scale: number;
}
type Piece = (d: Drawing) => string[];

const microseconds = (d: Drawing): number => 1 + d.random.below(d.random.chance(0.5) ? 60 : 900);
const timespec = (to: number, nanoseconds: number): string[] => [`mov qword [${to}], 0`, `mov qword [${to + 8}], ${nanoseconds}`];

const steps = [
  ["inc rcx"],
  ["imul rcx, rcx, 5", "add rcx, rbx"],
  ["xor cl, bl", "rol rcx, 7"],
  [`mov qword [${at.work}], rcx`, `add ecx, dword [${at.work + 4}]`],
  ["adc rcx, rbx", "sbb bl, cl"],
  ["push rcx", "pop rbx"],
  [`add rcx, qword [${at.shared}]`],
  ["lea rcx, [rcx + 4*rbx + 1]"],
  ["cmp rcx, rbx", "cmovb rbx, rcx"],
] as const;

/** A hot loop, of plain instructions, with an inner loop or a call now and then. */
const spin: Piece = (d) => {
  const { random } = d;
  const [again, inner, over, leaf] = [d.label(), d.label(), d.label(), d.label()];
  const body = Array.from({ length: 1 + random.below(4) }, () => random.pick(steps)).flat();
  const count = 1 + random.below(random.chance(0.3) ? 8000 * d.scale : 300);
  const more = random.chance(0.3)
    ? [`mov edx, ${1 + random.below(9)}`, `${inner}:`, "add rbx, rdx", "dec edx", `jnz ${inner}`]
    : random.chance(0.3)
      ? [`call ${leaf}`]
      : random.chance(0.2)
        ? [`mov edi, ${at.work + 64}`, "mov rdx, rcx", `mov ecx, ${random.below(40)}`, "rep stosb", "mov rcx, rdx"]
        : [];
  return [
    `mov r12d, ${count}`,
    `${again}:`,
    ...body,
    ...more,
    "dec r12d",
    `jnz ${again}`,
    `jmp ${over}`,
    `${leaf}:`,
    "add rcx, r12",
    "ret",
    `${over}:`,
    ...add("rcx"),
  ];
};
/** Until a signal has come, or not for long. */
const wait: Piece = (d) => {
  const [again, over] = [d.label(), d.label()];
  return [
    `mov qword [${at.fired}], 0`,
    `mov ecx, ${2000 + d.random.below(4000) * d.scale}`,
    `${again}:`,
    `cmp qword [${at.fired}], 0`,
    `jne ${over}`,
    "dec ecx",
    `jnz ${again}`,
    `${over}:`,
    ...add("rcx"),
  ];
};
const setitimer: Piece = (d) => [
  ...timespec(at.timer, d.random.chance(0.6) ? 0 : microseconds(d)),
  ...timespec(at.timer + 16, d.random.chance(0.9) ? microseconds(d) : 0),
  ...call(nr.setitimer, 0, at.timer, 0),
];
const timerSettime: Piece = (d) => [
  ...timespec(at.timer, d.random.chance(0.6) ? 0 : 1000 * microseconds(d)),
  ...timespec(at.timer + 16, 1000 * microseconds(d)),
  ...call(nr.timerSettime, `dword [${at.timerId}]`, 0, at.timer, 0),
  ...add("rax"),
];
const timerfd: Piece = (d) => [
  ...timespec(at.timer, 0),
  ...timespec(at.timer + 16, 1000 * microseconds(d)),
  ...call(nr.timerfdSettime, `dword [${at.timerFd}]`, 0, at.timer, 0),
  ...spin(d),
  ...call(nr.read, `dword [${at.timerFd}]`, at.timerFdValue, 8),
  ...add("rax"),
];
const clock: Piece = () => [...call(nr.clockGettime, 1, at.time), ...add(`qword [${at.time + 8}]`)];
/** A loop of calls: compiled code makes them. */
const calls: Piece = (d) => {
  const again = d.label();
  const what = d.random.pick([
    call(nr.getpid),
    call(nr.yield),
    call(nr.clockGettime, 1, at.time),
    [`mov edi, r13d`, ...call(nr.kill, "edi", signals.USR1).slice(1)],
    setitimer(d),
    timerSettime(d),
  ]);
  return [`mov r12d, ${1 + d.random.below(60 * d.scale)}`, `${again}:`, ...what, ...add("rax"), "dec r12d", `jnz ${again}`];
};
const sleep: Piece = (d) => [...timespec(at.time, 1000 * microseconds(d)), ...call(nr.nanosleep, at.time, 0), ...add("rax")];
const block: Piece = (d) => {
  const set =
    (1 << (signals.ALRM - 1)) | (d.random.chance(0.5) ? 1 << (signals.USR1 - 1) : 0) | (d.random.chance(0.5) ? 1 << (signals.USR2 - 1) : 0);
  const how = (n: number): string[] => [`mov qword [${at.mask}], ${set}`, ...call(nr.sigprocmask, n, at.mask, 0, 8)];
  return [...how(0), ...spin(d), ...(d.random.chance(0.3) ? clock(d) : []), ...how(1)];
};
/** 64-bit code with all its bits in use goes to a loop of 32-bit code, and comes back. */
const excursion: Piece = (d) => {
  const { random, narrow } = d;
  const [again, back] = [d.label(), d.label()];
  const inside = narrowAt(narrow.length);
  const parts = [
    ["sbb dh, dl"],
    ["lahf"],
    ["mov bl, cl"],
    ["add si, cx"],
    ["inc edi"],
    ["xchg al, dh"],
    ["cmp ecx, edx", "cmovb edi, ecx"],
    ["das"],
    ["push ebx", "pop bx", "add esp, 2"],
    ["movzx edi, cl"],
    ["mov eax, 20", "int 0x80"],
    ["add dh, byte [esp]"],
    ["rol si, 3"],
  ];
  const body = Array.from({ length: 1 + random.below(5) }, () => random.pick(parts)).flat();
  const rounds = 1 + random.below(random.chance(0.4) ? 400 * d.scale : 12);
  const wayBack = random.pick(["retf", "iret", `jmp far dword [${at.stack32}]`]);
  narrow.push([`mov ebp, ${rounds}`, `${again}:`, ...body, "dec ebp", `jnz ${again}`, wayBack].join("\n"));
  const registers = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi"];
  const door = random.chance(0.5)
    ? ["push 0x23", `push ${inside}`, "db 0x48, 0xcb"]
    : ["push 0x2b", `push ${at.stack32}`, "pushfq", "push 0x23", `push ${inside}`, "iretq"];
  return [
    "mov r14, rbp",
    `mov qword [${parked.sp}], rsp`,
    ...registers.map((r) => `mov ${r}, ${random.chance(0.3) ? random.below(1000) : `0x${random.u64().toString(16)}`}`),
    `mov rsp, ${at.stack32}`,
    // The frame for RETF or IRET, or the target of the jump.
    ...[back, 0x33, 0x202].map((word, n) => `mov dword [${at.stack32 + 4 * n}], ${word}`),
    ...door,
    `${back}:`,
    "mov r15, rsp",
    `mov rsp, qword [${parked.sp}]`,
    "xchg rbp, r14",
    ...[...registers, "r14", "r15"].flatMap(add),
  ];
};
const pieces: readonly (readonly [weight: number, piece: Piece])[] = [
  [5, spin],
  [3, wait],
  [4, setitimer],
  [2, timerSettime],
  [1, timerfd],
  [2, clock],
  [3, calls],
  [1, sleep],
  [1, block],
  [2, excursion],
];
const weighted = pieces.flatMap(([weight, piece]) => Array.from({ length: weight }, () => piece));

const handlerOf = (signal: number): string[] => [
  `mov qword [${at.work + 0x200}], handler`,
  `mov qword [${at.work + 0x208}], 0x14000000`, // SA_RESTORER | SA_RESTART
  `mov qword [${at.work + 0x210}], restorer`,
  `mov qword [${at.work + 0x218}], 0`,
  ...call(nr.sigaction, signal, at.work + 0x200, 0, 8),
];
/** A thread that sleeps and writes, perhaps of a rank of its own. */
const thread = (d: Drawing): string[] => {
  const [child, again, spins, over] = [d.label(), d.label(), d.label(), d.label()];
  const fifo = d.random.chance(0.4) ? [`mov dword [${at.threadStack}], 1`, ...call(nr.setscheduler, 0, 1, at.threadStack)] : [];
  return [
    ...call(nr.clone, 0x50f00, at.threadStack + 0x4000, 0, 0, 0),
    "test eax, eax",
    `jz ${child}`,
    `jmp ${over}`,
    `${child}:`,
    ...fifo,
    `${again}:`,
    ...timespec(at.threadStack + 64, 1000 * microseconds(d)),
    ...call(nr.nanosleep, at.threadStack + 64, 0),
    `mov ecx, ${1 + d.random.below(700)}`,
    `${spins}:`,
    `add qword [${at.shared}], 7`,
    "dec ecx",
    `jnz ${spins}`,
    `jmp ${again}`,
    `${over}:`,
  ];
};
const timers = (): string[] => [
  `mov qword [${at.event}], 5`,
  `mov dword [${at.event + 8}], ${signals.USR2}`,
  `mov dword [${at.event + 12}], 0`,
  ...call(nr.timerCreate, 1, at.event, at.timerId),
  ...call(nr.timerfdCreate, 1, 0o4000),
  `mov dword [${at.timerFd}], eax`,
];

/** Draws a program. `scale` multiplies the lengths of loops, so that code becomes hot. */
export const draw = (random: Random, scale: number): { readonly wide: string; readonly narrow: readonly string[] } => {
  let labels = 0;
  const narrow: string[] = [];
  const d: Drawing = { random, narrow, scale, label: () => `l${labels++}` };
  const body = Array.from({ length: 3 + random.below(7) }, () => random.pick(weighted)(d)).flat();
  const wide = [
    "mov eax, 0x2b",
    "mov ds, eax",
    "mov es, eax",
    ...[signals.ALRM, signals.USR1, signals.USR2].flatMap(handlerOf),
    ...timers(),
    ...call(nr.getpid),
    "mov r13, rax",
    ...(random.chance(0.4) ? thread(d) : []),
    "xor ebp, ebp",
    "xor ebx, ebx",
    "xor ecx, ecx",
    `mov dword [${at.work + 0x300}], ${1 + random.below(40)}`,
    "round:",
    ...body,
    `dec dword [${at.work + 0x300}]`,
    "jnz round",
    ...clock(d),
    `add qword [${at.sum}], rbp`,
    ...call(nr.write, 1, at.sum, 24),
    ...call(nr.exitGroup, 0),
    "handler:",
    `inc qword [${at.fired}]`,
    // ucontext: rcx, rip and rax as they were
    `imul rax, qword [${at.sum}], 33`,
    "add rax, qword [rdx + 0x98]",
    "add rax, qword [rdx + 0xa8]",
    "add rax, qword [rdx + 0x90]",
    "add rax, rdi",
    `mov qword [${at.sum}], rax`,
    "ret",
    "restorer:",
    "mov eax, 15",
    "syscall",
  ];
  return { wide: wide.join("\n"), narrow };
};
