// Texts of every policy format: made by a grammar, nested, doubled, aliased, and damaged. Each is read and
// explained within its limits, or is a Problem; the same text has the same meaning when it is read again.
import { WorkBudget } from "../../src/budget.ts";
import { explainRoot } from "../../src/policy/explain/explain.ts";
import { type Format, formats, readPolicy } from "../../src/policy/formats/read.ts";
import { Problem } from "../../src/problem.ts";
import { Nodes } from "../../src/seccomp/index.ts";
import type { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

interface Input {
  /** Absent: detected. */
  readonly format?: Format;
  /** The text is all of them, one after the other. */
  readonly tokens: readonly string[];
}

const calls = ["read", "write", "openat", "socket", "clone", "ioctl", "mmap", "opnat", "i386", "getpid", "\u001b[31m"];
const errors = ["EPERM", "ENOSYS", "EPREM", "1", "4096", "-1"];
const numbers = ["0", "1", "2", "0x10000000", "4294967296", "18446744073709551615", "18446744073709551616", "-1", "1e9", "017", "08"];
const times = (random: Random, most: number, make: () => string, between: string): string =>
  Array.from({ length: 1 + random.below(most) }, make).join(between);
/** Powers of two, up to some thousands: nests and repetitions. */
const many = (random: Random): number => 2 ** random.below(14);

type Make = (random: Random) => string;
const action: Make = (r) => r.pick(["ALLOW", "KILL", "LOG", `ERRNO(${r.pick(errors)})`, "TRAP(1)", "USER_NOTIF"]);
const json: Make = (r) => {
  const args = (): string =>
    `{"index":${r.below(8)},"value":${r.pick(numbers)},"op":"SCMP_CMP_${r.pick(["EQ", "NE", "MASKED_EQ", "LT", "GT", "QE"])}"}`;
  const rule = (): string =>
    `{"names":[${times(r, 4, () => JSON.stringify(r.pick(calls)), ",")}],"action":"SCMP_ACT_${r.pick(["ALLOW", "ERRNO", "KILL", "NOTIFY", "ALOW"])}"${r.chance(0.4) ? `,"args":[${times(r, 3, args, ",")}]` : ""}}`;
  return `{"defaultAction":"SCMP_ACT_${r.pick(["ERRNO", "ALLOW", "KILL_PROCESS"])}","syscalls":[${times(r, r.chance(0.1) ? many(r) : 5, rule, ",")}]}`;
};
const yaml: Make = (r) => {
  const alias = r.chance(0.3) ? `  a0: &a [x${",x".repeat(r.below(9))}]\n${times(r, 12, () => "  b: &a [*a,*a]", "\n")}\n` : "";
  return `kind: SeccompProfile\nspec: ${r.chance(0.2) ? "&s" : ""}\n${alias}  defaultAction: SCMP_ACT_ERRNO\n  syscalls:\n${times(r, 5, () => `  - {names: [${r.pick(calls)}], action: SCMP_ACT_ALLOW}`, "\n")}\n${r.chance(0.1) ? "  x: *s\n" : ""}`;
};
const minijail: Make = (r) => {
  const atom = (): string =>
    `arg${r.below(7)} ${r.pick(["==", "!=", "<", "&", "in", ">="])} ${r.pick([...numbers, "O_RDONLY|O_CLOEXEC", "(1|2)", "~1", `${"(".repeat(many(r))}1`])}`;
  const condition = (): string => times(r, r.chance(0.1) ? 12 : 2, () => times(r, 3, atom, " && "), " || ");
  return `${times(r, 6, () => `${r.pick(calls)}: ${r.pick(["1", "allow", `return ${r.pick(errors)}`, condition()])}`, "\n")}\n`;
};
const kafel: Make = (r) => {
  const expression = (depth: number): string => {
    const kindOf = depth > 4 ? 0 : r.below(5);
    if (kindOf === 1) return `(${expression(depth + 1)} && ${expression(depth + 1)})`;
    if (kindOf === 2) return `!${expression(depth + 1)}`;
    if (kindOf === 3) return `${"(".repeat(many(r))}fd == 1`;
    return `${r.pick(["fd", "count", "buf", "nofd"])} ${r.pick(["==", "!=", "<", ">="])} ${r.pick(numbers)}`;
  };
  const levels = r.chance(0.4) ? 1 + r.below(40) : 0;
  const uses = Array.from({ length: levels }, (_, i) => `POLICY p${i + 1} { USE p${i}, USE p${i} }`).join("\n");
  return `POLICY p0 { ${action(r)} { ${times(r, 3, () => `${r.pick(calls)}${r.chance(0.3) ? ` { ${expression(0)} }` : ""}`, ", ")} } }\n${uses}\nUSE p${levels} DEFAULT ${action(r)}\n`;
};
const systemd: Make = (r) =>
  `[Service]\n${times(r, 4, () => `SystemCall${r.pick(["Filter", "Log", "ErrorNumber", "Architectures"])}=${r.chance(0.3) ? "~" : ""}${times(r, r.chance(0.1) ? many(r) : 4, () => r.pick([...calls, "@system-service", "@mount", "@nothing", "read:EPERM", "~@mount", "x86-64"]), " ")}`, "\n")}\n`;
const pfc: Make = (r) => {
  const body = (depth: number): string => {
    const indent = " ".repeat(2 * depth);
    return depth < r.below(12)
      ? `${indent}if ($${r.pick(["syscall", "a0.lo32", "a5.hi32", "a9"])} ${r.pick(["==", ">=", ">"])} ${r.pick(numbers)})\n${body(depth + 1)}`
      : `${indent}action ${action(r)};\n`;
  };
  return `# pseudo filter code start\n# filter for arch x86_64 (3221225534)\nif ($arch == 3221225534)\n${body(1)}action KILL;\n`;
};
const typeScript: Make = (r) =>
  `import { policy } from "trapgate/policy";\nexport const s = policy({ default: errno("${r.pick(errors)}") })${times(r, 5, () => `.allow("${r.pick(calls)}"${r.chance(0.4) ? `, arg(${r.below(8)}).${r.pick(["eq", "in", "masked", "only", "has"])}(${times(r, 3, () => r.pick([...numbers, "AF.UNIX", "-".repeat(many(r))]), ", ")})` : ""})`, "")};\n`;
const cSource: Make = (r) =>
  `struct sock_filter f[] = {\n${times(r, 8, () => r.pick(["BPF_STMT(BPF_LD+BPF_W+BPF_ABS, 0)", "BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, __NR_read, 0, 1)", `{ ${r.pick(numbers)}, 0, 0, ${r.pick(numbers)} }`, `BPF_STMT(6, ${"(".repeat(many(r))}1)`, "BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW)"]), ",\n")}\n};\n`;
const firecracker: Make = (r) =>
  `{"t":{"default_action":"trap","filter_action":"allow","filter":[${times(r, 4, () => `{"syscall":"${r.pick(calls)}","args":[{"index":${r.below(7)},"type":"dword","op":"eq","val":${r.pick(numbers)}}]}`, ",")}]}}`;
const makers: readonly Make[] = [json, yaml, minijail, kafel, systemd, pfc, typeScript, cSource, firecracker];

/** A text in tokens. */
export const draw = (random: Random): Input => {
  const tokens = random
    .pick(makers)(random)
    .split(/(?<=[\s(){}[\],:;])/);
  for (let n = random.below(4); n > 0; n--) {
    const at = random.below(tokens.length + 1);
    const how = random.below(4);
    if (how === 0) tokens.splice(at, 1);
    else if (how === 1) tokens.splice(at, 0, random.pick(tokens));
    // Doubled: a part again and again.
    else if (how === 2)
      tokens.splice(
        at,
        0,
        tokens
          .slice(at, at + 1 + random.below(6))
          .join("")
          .slice(0, 200)
          .repeat(many(random)),
      );
    else tokens.splice(at, 0, String.fromCharCode(random.below(0x250)));
  }
  return { tokens, ...(random.chance(0.1) ? { format: random.pick(formats) } : {}) };
};

const SECONDS = 20;
const LIMITS = { seconds: SECONDS, bytes: 2 ** 26, subject: "the policy" } as const;
/** Limits by time say what the host does, so their answer is no part of the digest. */
const outcomeOf = async ({ format, tokens }: Input): Promise<string> => {
  const budget = new WorkBudget(LIMITS);
  const nodes = new Nodes(budget);
  try {
    const bytes = new TextEncoder().encode(tokens.join(""));
    const policy = await readPolicy("policy", bytes, { budget, ...(format === undefined ? {} : { format }) }, nodes);
    const { root } = policy.diagram.effects();
    const explained = explainRoot(nodes, root);
    return `${policy.format} ${explained.calls.length} ${explained.numbers.length} ${policy.warnings.length} ${policy.diagram.size}`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.kind === "time-limit" ? "time" : error.message;
  }
};

export const policyText = kind<Input>({
  summary: "policies of every format, nested, doubled, aliased and damaged: read within their limits, or a Problem",
  bounds: { seconds: 3 * SECONDS, megabytes: 1000 },
  draw,
  async check(input) {
    const first = await outcomeOf(input);
    const second = await outcomeOf(input);
    const digest = digestOf(first);
    if (first === second || first === "time" || second === "time") return noFinding(1, digest);
    const finding: Finding = { rule: "a text has one meaning", expected: first.slice(0, 500), seen: second.slice(0, 500) };
    return { inputs: 1, digest, finding };
  },
  parts: { of: ({ tokens }) => tokens, with: (input, parts) => ({ ...input, tokens: parts as readonly string[] }) },
});
