// Lessons on arguments, supervisors, modes and whole policies.
import { actionOf, decodeProgram, evaluate, i386, upstream, wordsOf, x64 } from "trapgate/seccomp";
import socketsAssembly from "./c/sockets.asm?raw";
import socketsSource from "./c/sockets.c?raw";
import { callsOf, endedWell, isDenied, isLocked, type Lesson, lessonState, ran, through, type Work } from "./lesson.ts";

const strictProgram = `; Strict mode: read, write, exit and sigreturn, and nothing else.
%include "guest.inc"
        elf64
_start: call64  157, 22, 1              ; prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
        say     "write is allowed"
        int80   4, 1, text, end - text  ; write of the 32-bit table
        call64  39                      ; getpid
        call64  60, 0                   ; exit
        section .data
text:   db      "by number 4, too: the number is judged in its door's table", 10
end:
        end_elf
`;
const smallProgram = `; Says hello and ends.
%include "guest.inc"
        elf64
_start: say     "hello"
        die     0
        end_elf
`;
const everything = `# Everything is allowed. Let only what the program needs pass: see the lanes.
return ALLOW
`;
const narrow = `; close takes an int: the kernel looks at the lower 32 bits of rdi.
%include "guest.inc"
        elf64
_start: call64  33, 1, 7                ; dup2(1, 7)
        mov     rdi, 7
        mov     eax, 3                  ; close(7)
        syscall
        mov     rdi, (1 << 32) | 7
        mov     eax, 3                  ; what is this?
        syscall
        die     0
        end_elf
`;
const narrowPolicy = `# close(7) is to be refused. Both halves of the register are compared.
A = sys_number
A == close ? next : allow
next: A = args[0] >> 32
A == 0 ? low : allow
low: A = args[0]
A == 7 ? deny : allow
allow: return ALLOW
deny: return ERRNO(EPERM)
`;

const streamPolicy = `# Streams of the internet are to be refused: AF_INET is 2, SOCK_STREAM is 1.
A = sys_number
A == socket ? family : allow
family: A = args[0]
A == 2 ? type : allow
type: A = args[1]
A == 1 ? deny : allow
allow: return ALLOW
deny: return ERRNO(EACCES)
`;

/** Numbers of both tables that a filter's program allows for all arguments. */
const allowedNumbers = (bytes: Uint8Array): { readonly x64: readonly number[]; readonly i386: readonly number[] } => {
  const program = decodeProgram(bytes);
  const of = (arch: number): number[] =>
    Array.from({ length: 470 }, (_, nr) => nr).filter((nr) => {
      const words = wordsOf(upstream.layout, { nr, arch, ipLo: 0, ipHi: 0, args: new Uint32Array(12) });
      return actionOf(upstream.returns, evaluate(upstream, program, words)) === "allow";
    });
  return { x64: of(x64.auditArch), i386: of(i386.auditArch) };
};
const isTight = ({ saved, a }: Work): boolean => {
  const [filter] = [...a.rows.filters.values()];
  if (!saved.filter || !filter || !endedWell(a)) return false;
  const { x64: wide, i386: compat } = allowedNumbers(filter.program);
  return (
    compat.length === 0 && wide.every((nr) => nr === 1 || nr === 231) && callsOf(a).some((row) => row.call.name === "write" && ran(row))
  );
};

export const policyLessons: readonly Lesson[] = [
  {
    id: "narrow",
    title: "Narrow arguments",
    text: [
      "A filter sees whole registers: 64 bits, of which it can load 32 at a time. The kernel reads as many bits as the call's declaration says. For close these are 32: an int.",
      "The policy refuses close(7), and compares both halves of the register. The program sets bit 32, which the kernel ignores. Choose the second close and look at the way through the filter.",
    ],
    task: "Change the policy so that both calls are refused.",
    after: "Compare an int by its lower half, and a long by both.",
    state: lessonState("narrow", { program: { kind: "source", text: narrow }, policy: narrowPolicy, filter: true }),
    isSolved: ({ a }) => {
      const closes = callsOf(a).filter(({ call }) => call.name === "close");
      return closes.length >= 2 && closes.every(isDenied) && endedWell(a);
    },
  },
  {
    id: "flags",
    title: "What C says, and what a filter sees",
    text: [
      "This program was written in C. The tab C has its source, and the assembly says which line each instruction comes from. Choose a call in the middle: its line is marked in both.",
      "The policy refuses sockets of the family AF_INET whose type is SOCK_STREAM. Yet the second socket is created: its type is SOCK_STREAM | SOCK_CLOEXEC in C, one number for a filter. Look at its data on the right.",
    ],
    task: "Change the policy until both sockets of AF_INET are refused, and the one of AF_UNIX still is created.",
    after: "Flags share the argument with a value: mask them before you compare. socket(2) has the type in the low four bits.",
    state: lessonState("flags", { program: { kind: "source", text: socketsAssembly }, policy: streamPolicy, filter: true }),
    c: socketsSource,
    isSolved: ({ a }) => {
      const [first, second, third] = callsOf(a).filter(({ call }) => call.name === "socket");
      return first && second && third ? isDenied(first) && isDenied(second) && ran(third) && endedWell(a) : false;
    },
  },
  {
    id: "toctou",
    title: "A supervisor that looks at memory",
    text: [
      "A filter cannot follow a pointer. With USER_NOTIF it asks another process, which reads the path from memory and lets the call continue. Here three tasks run: the supervisor, the subject, and a thread that shares its memory.",
      "Between the supervisor's look and the kernel's own the thread writes another path. The supervisor saw /dev/null; the subject opens /dev/zero. Follow the colours of the tasks in the lanes.",
    ],
    task: "Define FIXED: the supervisor opens the file itself and hands over the descriptor. The subject must get what the supervisor saw.",
    after: "CONTINUE is never a security decision: memory changes after the look (seccomp_unotify(2)).",
    state: lessonState("toctou", { program: { kind: "guest", name: "b10" } }),
    isSolved: ({ a }) => a.output.includes("the subject has what the supervisor saw"),
  },
  {
    id: "strict",
    title: "Strict mode",
    text: [
      "The first mode of seccomp (2005) has no filter: read, write, exit and sigreturn, and any other call is the end. Numbers are judged in the table of the door: 4 is write at int 0x80, and it is allowed.",
      "This program forgets that getpid is no exception.",
    ],
    task: "Mend the program: it must write both lines and end with status 0.",
    after: "exit (60) is allowed, exit_group (231) is not: libraries had to know.",
    state: lessonState("strict", { program: { kind: "source", text: strictProgram } }),
    isSolved: ({ a }) => {
      const calls = callsOf(a);
      return (
        endedWell(a) &&
        calls.some(through("int80", "write")) &&
        calls.some(through("syscall", "write")) &&
        calls.some(({ call }) => call.name === "prctl")
      );
    },
  },
  {
    id: "lock",
    title: "The lock of 2012, and why it went",
    text: [
      "Versions 1 to 9 of the patch tied a filter to one table. It made filters safe without a look at arch, but a process that needs both tables could not be filtered, and a filter could not say what it wanted.",
      "Version 10 gave struct seccomp_data a field arch and dropped the rule. Since then each filter has to look, and many did not.",
    ],
    task: "Compare two machines: the last version of the patch that has the lock, and the first one that has not.",
    after: "v9 denies, v10 allows: the field arch replaced the lock.",
    state: lessonState("lock", {
      program: { kind: "guest", name: "a1" },
      b: { kernel: "patch:v7", vendor: "amd", x32: false, ia32: true, uid: 0, policy: true },
    }),
    isSolved: ({ saved, a, b }) => {
      const sides = [
        { kernel: saved.a.kernel, row: callsOf(a).find(through("int80", "getppid")) },
        { kernel: saved.b?.kernel, row: callsOf(b).find(through("int80", "getppid")) },
      ];
      return (
        sides.some((s) => s.kernel === "patch:v9" && s.row && isLocked(s.row)) &&
        sides.some((s) => s.kernel === "patch:v10" && s.row && ran(s.row))
      );
    },
  },
  {
    id: "write-a-policy",
    title: "Write a policy for this program",
    text: [
      "The lanes show the calls that the program needs. An allow-list names these and kills the rest, so that an unexpected call is killed, too.",
      "Write it in any format. As assembly: A = arch, A == ARCH_X86_64 ? next : kill, and so on. As minijail: write: 1.",
    ],
    task: "Write a policy that allows write and exit_group of the 64-bit table, and nothing else. The program must end with status 0.",
    after: "Every other number of either table is refused; the page has asked your filter for all of them.",
    state: lessonState("write-a-policy", { program: { kind: "source", text: smallProgram }, policy: everything, filter: true }),
    isSolved: isTight,
  },
];
