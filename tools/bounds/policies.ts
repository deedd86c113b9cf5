// Policies that ask for endless work, memory or stack: families that grow with a number, and texts of the
// campaign's grammar that are repeated.
import { encodeProgram, type Insn, stmt } from "../../src/seccomp/index.ts";
import { draw } from "../campaign/policy-text.ts";
import type { Random } from "../oracle/random.ts";

const times = (count: number, text: (i: number) => string, between = ""): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(between);

const RETURN = 6;
const ALLOW = 0x7fff_0000;
const jumps = [0x15, 0x25, 0x35, 0x45] as const;
const arithmetic = [0x04, 0x14, 0x44, 0x54, 0xa4, 0x0c, 0x1c, 0x4c, 0x5c, 0xac] as const;
const program = (size: number, r: Random): Uint8Array => {
  const insn = (_: unknown, i: number): Insn => {
    const kind = r.below(10);
    if (kind < 3) return stmt(0x20, r.below(16) * 4);
    if (kind < 5) return stmt(r.pick(arithmetic), r.u32());
    if (kind < 6) return stmt(0x07);
    const far = Math.min(200, size - i);
    return { code: r.pick(jumps), jt: r.below(far), jf: r.below(far), k: r.u32() };
  };
  return encodeProgram([...Array.from({ length: size }, insn), stmt(RETURN, ALLOW)]);
};

type Family = (n: number, r: Random) => string | Uint8Array;
/** `n`: from 1 to 16384. */
const families: readonly Family[] = [
  (n) =>
    `POLICY p0 { ALLOW { read } }\n${times(n % 200, (i) => `POLICY p${i + 1} { USE p${i}, USE p${i} }\n`)}USE p${n % 200} DEFAULT KILL\n`,
  (n) => `POLICY p0 { ALLOW { read } }\n${times(n, (i) => `POLICY p${i + 1} { USE p${i} }\n`)}USE p${n} DEFAULT KILL\n`,
  (n, r) => `read: 1\nmmap: ${times(n % 40, () => `arg0 & ${r.u32() | 1} && arg1 in ${r.u32()} && arg2 > ${r.u32()}`, " || ")}\n`,
  (n, r) => `read: 1\nmmap: ${times(n, () => `arg${r.below(6)} == ${r.u32()}`, r.pick([" || ", " && "]))}\n`,
  (n, r) =>
    `ALLOW { read { ${times(n % 500, () => `(fd ${r.pick(["==", "<", "&"])} ${r.u32()} || count > ${r.u32()})`, " && ")} } } DEFAULT KILL\n`,
  (n) => `ALLOW { read { ${"(".repeat(4 * n)}fd == 1${")".repeat(4 * n)} } } DEFAULT KILL\n`,
  (n) => `read: 1\nmmap: arg0 == ${"(".repeat(4 * n)}1\n`,
  (n) => `struct sock_filter f[] = {\n${times(n, (i) => `BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, ${i}, 0, 0)`, ",\n")},\nBPF_STMT(6, 0)\n};\n`,
  (n) =>
    `kind: SeccompProfile\nspec:\n  a0: &a0 [x, x]\n${times(n % 20, (i) => `  a${i + 1}: &a${i + 1} [${times(9, () => `*a${i}`, ", ")}]\n`)}`,
  (n) => `kind: SeccompProfile\nspec: ${"[".repeat(8 * n)}\n`,
  (n, r) => `[Service]\nSystemCallFilter=${times(n, (i) => r.pick([`@g${i}`, "@system-service", `~@mount`, "read:EPERM"]), " ")}\n`,
  (n, r) =>
    `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[${times(n, (i) => `{"names":["${r.pick(["read", `zz${i}`, "mmap"])}"],"action":"SCMP_ACT_ERRNO","args":[{"index":${r.below(6)},"value":${r.u32()},"op":"SCMP_CMP_${r.pick(["EQ", "NE", "GT"])}"}]}`, ",")}]}`,
  (n) => `${"USE a ".repeat(n)}${"char a[".repeat(n)}${"/*".repeat(n)}{${",".repeat(4 * n)}`,
  (n, r) => program(1 + (n % 4090), r),
  (n, r) =>
    `import { policy } from "trapgate/policy";\nexport const s = policy({ default: "kill" })${times(n, () => `.allow("ioctl", arg(1).eq(${r.u32()}))`)};\n`,
];

/** A hostile policy's bytes. */
export const policyOf = (r: Random): Uint8Array => {
  const n = 2 ** r.below(15);
  if (r.chance(0.6)) {
    const made = r.pick(families)(n, r);
    return typeof made === "string" ? new TextEncoder().encode(made) : made;
  }
  const text = draw(r).tokens.join("");
  return new TextEncoder().encode(text.repeat(1 + r.below(r.pick([1, 10, 300]))).slice(0, 2 ** 22));
};
