// Policies as text. For any text the assembler returns instructions or problems, and a machine a run or a
// Problem. The disassembler's text assembles to the same program.

import { calls } from "../../src/kernel/calls/index.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Problem } from "../../src/problem.ts";
import {
  assemble,
  disassemble,
  encodeProgram,
  type Program,
  type SeccompProfile,
  seccompProfile,
  seccompProfileNames,
} from "../../src/seccomp/index.ts";
import type { Random } from "../oracle/random.ts";
import { random as bpfRandom, checkedProgram, doubtfulProgram } from "../seccomp/random.ts";
import { digestOf } from "./digest.ts";
import { helloGuest } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";
import { abis } from "./syscalls/script.ts";

interface Input {
  readonly profile: string;
  readonly abi: keyof typeof abis;
  /** Tokens: the text is all of them, one after the other. */
  readonly tokens: readonly string[];
  /** True: a machine gets the text too. */
  readonly run: boolean;
}

// biome-ignore format: table
const words = [
  "A", "X", "M[0]", "M[15]", "M[16]", "M[-1]", "sys_number", "arch", "args[0]", "args[0].lo", "args[5].hi", "args[6]", "data[4]", "data[64]", "data[3]", "instruction_pointer",
  "len", "return", "ret", "ALLOW", "KILL", "KILL_PROCESS", "ERRNO(1)", "ERRNO(4096)", "TRAP", "TRACE(0)", "LOG", "USER_NOTIF", "goto", "if", "else", "?", ":", ";", "\n", "=", "==", "!=",
  ">=", ">", "<", "&", "|", "^", "+", "-", "*", "/", "<<", ">>", "%", "+=", "-=", "*=", "/=", "&=", "|=", "^=", "<<=", ">>=", "neg", "-A", "(", ")", "[", "]", ",", "ok:", "dead:", "ok",
  "dead", "next", "#", "0001:", "0000:", "0x7fff0000", "0xffffffff", "4294967296", "-1", "0", "1", "99999999999999999999", "0x", "1e9", "ARCH_X86_64", "ARCH_I386", "i386.open",
  "x32.read", "\t", " ", "\u0000", "é", "\ud83d\ude00", "\r\n", "__proto__", "constructor", "toString", "BPF_STMT", "{", "}", "jeq", "ld", "ret #0",
];
const anyToken = (r: Random): string =>
  r.chance(0.8)
    ? r.pick(words)
    : r.chance(0.5)
      ? r.pick(calls).name
      : r.chance(0.5)
        ? String(r.u32())
        : String.fromCharCode(r.below(0x250));
const statement = (r: Random): string[] => {
  const value = () => r.pick(["sys_number", "arch", "args[1]", "args[0].lo", "X", "7", "0x10", "M[3]"]);
  const target = () => r.pick(["ok", "dead", "next", "nowhere"]);
  const comparison = r.pick(["==", ">", ">=", "&", "!=", "<", "<="]);
  return r.pick([
    ["A", " = ", value(), "\n"],
    ["X", " = ", value(), "\n"],
    ["A", " ", r.pick(["+=", "-=", "*=", "/=", "&=", "|=", "^=", "<<=", ">>="]), " ", value(), "\n"],
    ["A", " ", comparison, " ", r.chance(0.5) ? r.pick(calls).name : value(), " ? ", target(), " : ", target(), "\n"],
    ["if (A ", comparison, " ", value(), ") goto ", target(), "\n"],
    [r.pick(["ok", "dead"]), ": ", "return ", r.pick(["ALLOW", "KILL", "ERRNO(1)", "A", "0x7fff0000"]), "\n"],
    ["M[", String(r.below(18)), "] = A", "\n"],
  ]);
};

const draw = (random: Random): Input => {
  const profile = random.pick(seccompProfileNames);
  const how = random.below(3);
  let tokens: string[];
  if (how === 0) tokens = Array.from({ length: 1 + random.below(60) }, () => [anyToken(random), random.chance(0.6) ? " " : ""]).flat();
  else if (how === 1)
    tokens = [...Array.from({ length: 1 + random.below(20) }, () => statement(random)).flat(), "ok: return ALLOW\n", "dead: return KILL\n"];
  else {
    const r = bpfRandom(random.u32());
    const program = random.chance(0.5) ? checkedProgram(r) : doubtfulProgram(r);
    tokens = disassemble(program, optionsOf(seccompProfile(profile) as SeccompProfile, "x64")).split(/(?<=\s)/);
  }
  for (let n = how === 0 ? 0 : random.below(4); n > 0; n--)
    tokens.splice(random.below(tokens.length + 1), random.below(2), anyToken(random));
  return { profile, abi: random.pick(["x64", "i386", "x32"] as const), tokens, run: random.chance(0.05) };
};

const optionsOf = (profile: SeccompProfile, abi: keyof typeof abis) => ({
  layout: profile.layout,
  returns: profile.returns,
  abi: abis[abi],
});

const same = (a: Program, b: Program): boolean => Buffer.compare(encodeProgram(a), encodeProgram(b)) === 0;

const roundTrip = (program: Program, options: ReturnType<typeof optionsOf>): Finding | undefined => {
  const text = disassemble(program, options);
  const { program: again, problems } = assemble(text, options);
  if (problems.length === 0 && same(program, again)) return undefined;
  return {
    rule: "the disassembler's text assembles to the same instructions",
    expected: text.slice(0, 2000),
    seen: problems[0] ? `line ${problems[0].line}: ${problems[0].message}` : disassemble(again, options).slice(0, 2000),
  };
};

export const policy = kind<Input>({
  summary: "policies as text: problems, never exceptions; disassembled text assembles to the same",
  bounds: { seconds: 20, megabytes: 1000 },
  draw,
  async check({ profile: name, abi, tokens, run }) {
    const profile = seccompProfile(name) as SeccompProfile;
    const text = tokens.join("");
    const options = optionsOf(profile, abi);
    const { program, problems } = assemble(text, options);
    const digest = digestOf(JSON.stringify(problems), encodeProgram(program));
    const finding = problems.length === 0 && program.length > 0 ? roundTrip(program, options) : undefined;
    if (finding) return { inputs: 1, digest, finding };
    if (problems.length > 0 && program.length > 0)
      return {
        inputs: 1,
        digest,
        finding: { rule: "no instructions where there are problems", expected: "none", seen: `${program.length} instructions` },
      };
    if (run) {
      try {
        await Machine.run(helloGuest(), { kernel: name as never, policy: text, memory: 2 ** 22, timeout: 10 });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    }
    return noFinding(1, digest);
  },
  parts: { of: ({ tokens }) => tokens, with: (input, parts) => ({ ...input, tokens: parts as readonly string[] }) },
});
