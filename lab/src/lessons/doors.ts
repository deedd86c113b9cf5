// Lessons on the ways into the kernel.
import { callsOf, endedWell, isDenied, isLocked, type Lesson, lessonState, ran, through } from "./lesson.ts";

const twoDoors = `; Two ways into the kernel. Lines after ";" are comments.
%include "elf.inc"
        elf64
_start: mov     eax, 1                  ; number 1 of the 64-bit table: write
        mov     edi, 1                  ; its arguments: descriptor,
        mov     esi, text               ;   address,
        mov     edx, end - text         ;   length
        syscall                         ; the door

        ; Here: the same through int 0x80. Its table has write as number 4,
        ; and its arguments are in ebx, ecx, edx.


        mov     eax, 231                ; exit_group
        xor     edi, edi
        syscall

        section .data
text:   db      "hello", 10
end:
        end_elf
`;
const bothNumbers = `; The same call by two numbers: getppid is 110 at one door and 64 at the other.
%include "guest.inc"
        elf64
_start: call64  110                     ; mov eax, 110; syscall
        int80   64                      ; mov eax, 64; int 0x80
        say     "done"
        die     0
        end_elf
`;
const byNumber = `# getppid is to be refused. This filter looks at the number alone.
A = sys_number
A == 110 ? deny : allow
allow: return ALLOW
deny: return ERRNO(EPERM)
`;

export const doorLessons: readonly Lesson[] = [
  {
    id: "door",
    title: "What a door is",
    text: [
      "A program asks the kernel by an instruction. On x86 there are three: int 0x80 (the oldest), sysenter, and syscall. The lanes in the middle show which one each call used.",
      "The door decides which table the number is looked up in. syscall in 64-bit code means the 64-bit table; int 0x80 means the 32-bit table, in any code.",
    ],
    task: "Add a write through int 0x80 where the comment says so, and run. Both lanes must have a write that succeeds.",
    after: "One program, two doors, two tables. A filter sees both.",
    state: lessonState("door", { program: { kind: "source", text: twoDoors } }),
    isSolved: ({ a }) => {
      const calls = callsOf(a).filter(ran);
      return calls.some(through("int80", "write")) && calls.some(through("syscall", "write")) && endedWell(a);
    },
  },
  {
    id: "nr-arch",
    title: "Number and architecture",
    text: [
      "A filter sees a struct seccomp_data: the number, the architecture, the instruction pointer, and six arguments. A number means nothing without its architecture: 110 is getppid in the 64-bit table, and iopl in the 32-bit one.",
      "The policy below refuses 110. Choose the second getppid in the middle and read its data on the right: its number is 64, its arch is i386.",
    ],
    task: "Change the policy until getppid is refused through both doors, while write and exit_group still run.",
    after: "Look at arch first. Then a number has one meaning.",
    state: lessonState("nr-arch", { program: { kind: "source", text: bothNumbers }, policy: byNumber, filter: true }),
    isSolved: ({ a }) => {
      const calls = callsOf(a);
      const asked = calls.filter(({ call }) => call.name === "getppid");
      return asked.length >= 2 && asked.every(isDenied) && new Set(asked.map(({ call }) => call.abi)).size === 2 && endedWell(a);
    },
  },
  {
    id: "int80",
    title: "int 0x80 from 64-bit code",
    text: [
      "This 64-bit program attaches a filter that kills getppid, number 110. Then it makes the call through the other door, as number 64. For the filter 64 is just another number: it allows.",
      "Sandboxes have shipped with this mistake. The source has the mended filter, too: it is assembled if the symbol FIXED is defined.",
    ],
    task: "Define the symbol FIXED below the program and run. The call through int 0x80 must be killed.",
    after: "The mended filter loads arch first, and kills what is not x86-64.",
    state: lessonState("int80", { program: { kind: "guest", name: "a1" } }),
    isSolved: ({ a }) => callsOf(a).some((row) => through("int80", "getppid")(row) && isDenied(row) && !isLocked(row)),
  },
  {
    id: "heavens-gate",
    title: "Heaven's gate",
    text: [
      "A 64-bit process may jump into a 32-bit code segment: a far return to selector 0x23 is enough. From there it runs 32-bit code, and int 0x80 is that code's ordinary door.",
      "The patch of February 2012 that introduced filters had a rule against it: a filter belongs to the table through which it was attached, and calls through the other table are denied.",
    ],
    task: "Press “Compare two”, with v6 on one side and upstream on the other. Find the call that one kernel allows and the other denies.",
    after: "v6 denies it without asking the filter (LOCK). The merged version has no such rule: filters must look at arch themselves.",
    state: lessonState("heavens-gate", { program: { kind: "guest", name: "a4" } }),
    isSolved: ({ saved, a, b }) => {
      if (!saved.b) return false;
      const gate = through("int80", "getppid");
      const found = [a, b].map((side) => callsOf(side).find(gate));
      return found.some((row) => row && isLocked(row)) && found.some((row) => row && ran(row));
    },
  },
  {
    id: "x32",
    title: "x32: bit 30 of the number",
    text: [
      "x32 is a third table. Its calls come through syscall with bit 30 set in the number, and with the same architecture value as 64-bit calls. A filter that compares numbers for equality lets all of them pass.",
      "Most distributions build kernels without x32, and then the call is ENOSYS. Switch it on above the lanes to see the call run.",
    ],
    task: "Let the kernel have x32, and let the mended filter (symbol FIXED) kill the call.",
    after: "A deny-list must refuse numbers of 0x40000000 and above.",
    state: lessonState("x32", { program: { kind: "guest", name: "a6" } }),
    isSolved: ({ saved, a }) => saved.a.x32 && callsOf(a).some((row) => (row.call.nr & 0x4000_0000) !== 0 && isDenied(row)),
  },
];
