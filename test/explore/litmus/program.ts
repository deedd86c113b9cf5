// A litmus test as a program without a C library: each thread does its operations and keeps what it has read;
// the main thread waits for all of them and writes an outcome.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Litmus, locationsOf } from "./model.ts";

/** CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, PARENT_SETTID, CHILD_CLEARTID. man 2 clone */
const FLAGS = 0x350f00;

const threadText = (ops: Litmus[number], thread: number, firstRead: number): string => {
  const lines = [`thread${thread}:`];
  const registers = ["%r8d", "%r9d", "%r10d", "%r12d", "%r13d", "%r14d"];
  let read = 0;
  for (const op of ops) {
    if (op.kind === "W") lines.push(` movl $${op.value}, ${op.at}(%rip)`);
    else if (op.kind === "R") lines.push(` movl ${op.at}(%rip), ${registers[read++]}`);
    else if (op.kind === "N") lines.push(` movl $${op.value}, %ebx`, ` movnti %ebx, ${op.at}(%rip)`);
    else if (op.kind === "F") lines.push(" mfence");
    else if (op.kind === "S") lines.push(" sfence");
    else lines.push(` movl $${op.value}, ${registers[read]}`, ` xchgl ${registers[read++]}, ${op.at}(%rip)`);
  }
  for (let i = 0; i < read; i++) lines.push(` movl ${registers[i]}, ${(firstRead + i) * 4}+results(%rip)`);
  return [...lines, " movl $60, %eax", " xorl %edi, %edi", " syscall"].join("\n");
};

/** The assembly text. */
const textOf = (litmus: Litmus): string => {
  const readsOf = (ops: Litmus[number]): number => ops.filter(({ kind }) => kind === "R" || kind === "X").length;
  const places = locationsOf(litmus);
  const reads = litmus.reduce((n, ops) => n + readsOf(ops), 0);
  const starts = litmus.map(
    (_, i) => ` movl $56, %eax
 movl $${FLAGS}, %edi
 leaq stacks+${(i + 1) * 4096}(%rip), %rsi
 leaq ids+${i * 4}(%rip), %rdx
 movq %rdx, %r10
 syscall
 testl %eax, %eax
 jz thread${i}`,
  );
  const joins = litmus.map(
    (_, i) => `join${i}:
 movl ids+${i * 4}(%rip), %edx
 testl %edx, %edx
 jz joined${i}
 movl $202, %eax
 leaq ids+${i * 4}(%rip), %rdi
 xorl %esi, %esi
 xorl %r10d, %r10d
 syscall
 jmp join${i}
joined${i}:`,
  );
  const outputs = [...Array.from({ length: reads }, (_, i) => `${i * 4}+results`), ...places].map(
    (from, i) => ` movl ${from}(%rip), %eax\n addl $48, %eax\n movb %al, text+${i}(%rip)`,
  );
  let first = 0;
  const threads = litmus.map((ops, i) => {
    const text = threadText(ops, i, first);
    first += readsOf(ops);
    return text;
  });
  // Each on a line of its own, and so on a word of its own.
  const words = places.map((name) => ` .balign 64\n${name}: .long 0`);
  return ` .globl _start
 .text
_start:
${starts.join("\n")}
${joins.join("\n")}
${outputs.join("\n")}
 movl $1, %eax
 movl $1, %edi
 leaq text(%rip), %rsi
 movl $${reads + places.length}, %edx
 syscall
 movl $231, %eax
 xorl %edi, %edi
 syscall
${threads.join("\n")}
 .data
 .balign 4096
${words.join("\n")}
 .balign 4096
results: .skip 4096
ids: .skip 4096
text: .skip 4096
 .balign 4096
stacks: .skip ${4096 * (litmus.length + 1)}
`;
};

/** Assembles a litmus test in a folder. */
export const programOf = (litmus: Litmus, folder: string): Uint8Array => {
  const [source, program] = [join(folder, "litmus.s"), join(folder, "litmus")];
  writeFileSync(source, textOf(litmus));
  execFileSync("gcc", ["-nostdlib", "-static", "-o", program, source]);
  return readFileSync(program);
};
