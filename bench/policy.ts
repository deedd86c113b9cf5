// `npm run bench:policy [-- RUNS]`: a stopwatch beside other tools for filters, on the same files, each
// started in turn; medians of RUNS (11) starts. Tools: seccomp-tools (SECCOMP_TOOLS="ruby -I lib
// bin/seccomp-tools" where no gem is installed), libseccomp's scmp_bpf_disasm, scmp_bpf_sim and
// scmp_sys_resolver (SCMP_TOOLS=FOLDER, or on PATH; Debian's package "seccomp" has the last one),
// systemd-analyze. A missing tool has no figure.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { explainRoot, readPolicy } from "../src/policy/index.ts";
import { encodeProgram, evaluate, upstream, wordsOf } from "../src/seccomp/index.ts";
import { dockerFile } from "../tools/policy/profiles.ts";
import { containerFilters } from "../tools/policy/shipped.ts";
import { type Measured, measure, median } from "./measure.ts";

const top = dirname(dirname(fileURLToPath(import.meta.url)));
const runs = Number(process.argv[2] ?? 11);
const folder = mkdtempSync(join(tmpdir(), "trapgate-policy-"));
const file = (name: string): string => join(folder, name);

type Command = readonly [string, ...string[]];
const ours = (...args: string[]): Command => [process.execPath, join(top, "bin/trapgate.js"), "seccomp", ...args];
const words = (process.env["SECCOMP_TOOLS"] ?? "seccomp-tools").split(" ");
const tools = (...args: string[]): Command => [...words, ...args] as unknown as Command;
const scmp = (name: string, ...args: string[]): Command => [join(process.env["SCMP_TOOLS"] ?? "", name), ...args];
const shell = (text: string): Command => ["sh", "-c", text];

interface Row {
  readonly what: string;
  readonly trapgate: Command;
  readonly others: Readonly<Record<string, Command>>;
}
const UNIT = "/usr/lib/systemd/system/systemd-logind.service";
const rowsOf = (name: string, bpf: string): readonly Row[] => [
  {
    what: `disassemble ${name}`,
    trapgate: ours("disasm", bpf),
    others: { "seccomp-tools": tools("disasm", bpf), scmp_bpf_disasm: shell(`'${scmp("scmp_bpf_disasm")[0]}' < ${bpf}`) },
  },
  {
    what: `send openat through ${name}`,
    trapgate: ours("run", bpf, "openat"),
    others: {
      "seccomp-tools": tools("emu", bpf, "257"),
      scmp_bpf_sim: scmp("scmp_bpf_sim", "-f", bpf, "-a", "x86_64", "-s", "257"),
    },
  },
  { what: `explain ${name}`, trapgate: ours("explain", bpf), others: { "seccomp-tools": tools("explain", bpf) } },
  {
    what: `audit ${name}, without running guests`,
    trapgate: ours("audit", "--no-run", "--fail-on", "high", bpf),
    others: { "seccomp-tools": tools("audit", bpf) },
  },
  { what: `audit ${name}, with guests`, trapgate: ours("audit", bpf), others: {} },
];

const isThere = ([command, ...args]: Command): boolean => {
  const { error, status } = spawnSync(command, args, { stdio: "ignore" });
  return error === undefined && status !== 126 && status !== 127;
};
const milliseconds = (list: readonly Measured[]): string =>
  `${Math.round(median(list.map((m) => m.wall)) * 1000)} (${Math.round(median(list.map((m) => m.cpu)) * 1000)})`;
const timesOf = ({ trapgate, others }: Row): Readonly<Record<string, string>> => {
  const commands = Object.entries<Command>({ trapgate, ...others }).filter(([, command]) => isThere(command));
  const results = new Map(commands.map(([name]) => [name, [] as Measured[]]));
  for (let i = 0; i < runs; i++) {
    for (const [name, [command, ...args]] of commands) results.get(name)?.push(measure(command, args));
  }
  return Object.fromEntries([...results].map(([name, list]) => [name, milliseconds(list)]));
};

const perRun = (repeat: number, work: () => void): number => {
  for (let i = 0; i < repeat / 5; i++) work();
  const from = performance.now();
  for (let i = 0; i < repeat; i++) work();
  return (performance.now() - from) / repeat;
};

if (!existsSync(dockerFile)) {
  console.error("bench:policy: Docker's profile is absent; `npm run setup` unpacks it from Debian's package");
  process.exit(1);
}
try {
  const docker = await readPolicy(dockerFile, readFileSync(dockerFile));
  writeFileSync(file("docker.bpf"), docker.bpf());
  const all: Row[] = [...rowsOf("Docker's profile, as compiled here", file("docker.bpf"))];
  const byRunc = (await containerFilters()).find(({ name }) => name === "Docker by runc");
  if (byRunc) {
    writeFileSync(file("runc.bpf"), encodeProgram(byRunc.program));
    all.push(...rowsOf(`the same as runc loads it (${byRunc.program.length} instructions)`, file("runc.bpf")));
  }
  writeFileSync(file("small.asm"), "A = sys_number\nA == 59 ? dead : next\nA == 322 ? dead : ok\nok:\nreturn ALLOW\ndead:\nreturn KILL\n");
  all.push(
    {
      what: "assemble six instructions",
      trapgate: ours("asm", "--to", "hex", file("small.asm")),
      others: { "seccomp-tools": tools("asm", file("small.asm"), "-f", "inspect") },
    },
    { what: "compile Docker's profile, and prove it", trapgate: ours("asm", "-o", file("out.bpf"), dockerFile), others: {} },
    { what: "explain Docker's profile", trapgate: ours("explain", dockerFile), others: {} },
    { what: "compare that profile for runc and crun", trapgate: ours("diff", `runc:${dockerFile}`, `crun:${dockerFile}`), others: {} },
    {
      what: "number of socketcall",
      trapgate: [process.execPath, join(top, "bin/trapgate.js"), "syscalls", "socketcall"],
      others: { scmp_sys_resolver: scmp("scmp_sys_resolver", "-a", "x86", "socketcall") },
    },
  );
  if (existsSync(UNIT)) {
    all.push({
      what: "weaknesses of systemd-logind.service",
      trapgate: ours("audit", "--no-run", "--quiet", UNIT),
      others: { "systemd-analyze security": ["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT] },
    });
  }
  console.log("| milliseconds by the clock (of processor time) | trapgate | others |\n|---|---|---|");
  for (const row of all) {
    const { trapgate, ...others } = timesOf(row);
    const missing = Object.keys(row.others).filter((name) => !(name in others));
    const texts = [...Object.entries(others).map(([name, time]) => `${name} ${time}`), ...missing.map((name) => `${name} is not here`)];
    console.log(`| ${row.what} | ${trapgate} | ${texts.join(", ")} |`);
  }
  const source = readFileSync(dockerFile);
  const once = async (): Promise<void> => {
    const { nodes, root } = (await readPolicy(dockerFile, source)).diagram;
    explainRoot(nodes, root);
  };
  const meaning = await (async () => {
    for (let i = 0; i < 5; i++) await once();
    const from = performance.now();
    for (let i = 0; i < 20; i++) await once();
    return (performance.now() - from) / 20;
  })();
  console.log(`library, warm: Docker's profile read and explained in ${meaning.toFixed(1)} ms`);
  const program = docker.program ?? [];
  const data = { nr: 257, arch: 0xc000_003e, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
  const call = wordsOf(upstream.layout, data);
  const { diagram } = docker;
  const [evaluated, asked] = [
    perRun(200_000, () => void evaluate(upstream, program.length > 0 ? program : (byRunc?.program ?? []), call)),
    perRun(200_000, () => void diagram.valueOf(data)),
  ];
  console.log(`a call evaluated in ${(evaluated * 1000).toFixed(2)} us, read from the diagram in ${(asked * 1000).toFixed(2)} us`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
