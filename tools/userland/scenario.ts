// A scenario: a shell script with Debian's programs that runs natively and inside, and must write the same
// bytes. Its file is scripts/ROOT/TOPIC/NAME.sh. Comments at its beginning say its needs.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";

/** Debian's architectures whose programs this kernel runs. */
export const architectures = ["amd64", "i386"] as const;
export type Architecture = (typeof architectures)[number];

const words = z.string().transform((text) => text.split(/\s+/).filter(Boolean));
const number = z.string().regex(/^\d+$/).transform(Number);

/** The comments at the beginning of a script, `# key: value`. `mask` and `differs` may be repeated. */
const header = z.strictObject({
  /** The programs that it is about, as the table names them. */
  about: z.string(),
  /** Debian packages of its root, besides the essential ones and those that the packages depend on. */
  packages: words,
  /** Debian source packages, unpacked in /usr/src. */
  sources: words.default([]),
  architectures: words.pipe(z.array(z.enum(architectures))).default([...architectures]),
  /** Time inside, in seconds. */
  seconds: number.default(60),
  /** Memory of the guest, as `--memory` takes it. */
  memory: z.string().default("1G"),
  /** Processor of the guest, as `--cpu` takes it. */
  cpu: z.string().optional(),
  /** The exit status that proves natively that the scenario ran. */
  status: number.default(0),
  /** `PATTERN => TEXT`: text that differs between two right runs; every match becomes TEXT, on both sides. */
  mask: z.array(z.tuple([z.instanceof(RegExp), z.string()])).default([]),
  /** `yes`: two processes write the streams at once; lines are sorted before they are compared. */
  unordered: z.literal("yes").optional(),
  /** Architectures on which the scenario was equal inside when it last ran, for users. */
  equal: words.pipe(z.array(z.enum(architectures))).default([]),
  /** Why the two runs differ, for users; `amd64: …` or `i386: …` on that architecture only. */
  differs: z.partialRecord(z.enum(architectures), z.string()).default({}),
  /**
   * `npm test` also runs it on these architectures. It takes under two seconds and needs no installation
   * script of a package.
   */
  sample: words.pipe(z.array(z.enum(architectures))).default([]),
});

export interface Scenario extends z.infer<typeof header> {
  readonly name: string;
  /** For `sh -e`, as root in the empty folder /w. */
  readonly script: string;
}

/** Scenarios that share a root per architecture. */
export interface Group {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

/** A scenario from the text of its file. */
const scenarioOf = (name: string, script: string): Scenario => {
  const found: Record<string, unknown> = {};
  const mask: [RegExp, string][] = [];
  const differs: Partial<Record<Architecture, string>> = {};
  for (const line of script.split("\n")) {
    const [, key, value] = /^# ([a-z]+): (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) break;
    if (key === "mask") {
      const [pattern, text] = value.split(" => ");
      mask.push([new RegExp(pattern as string, "gm"), text ?? ""]);
    } else if (key === "differs") {
      const [, only, why] = /^(?:(amd64|i386): )?(.*)$/.exec(value) as unknown as [string, Architecture | undefined, string];
      for (const architecture of only ? [only] : architectures) differs[architecture] = why;
    } else if (key in found) throw new Error(`${name}: ${key} stands twice`);
    else found[key] = value;
  }
  const { data, error } = header.safeParse({ ...found, mask, differs });
  if (!data) throw new Error(`${name}.sh: ${z.prettifyError(error)}`);
  return { ...data, name, script };
};

const scripts = join(import.meta.dirname, "scripts");
const folders = (at: string): string[] => readdirSync(at).sort();

/** All scenarios, by the root that they share. */
export const groups: readonly Group[] = folders(scripts).map((root) => ({
  name: root,
  scenarios: folders(join(scripts, root)).flatMap((topic) =>
    folders(join(scripts, root, topic)).map((file) =>
      scenarioOf(basename(file, ".sh"), readFileSync(join(scripts, root, topic, file), "utf8")),
    ),
  ),
}));

const names = groups.flatMap((g) => g.scenarios.map((s) => s.name));
for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) throw new Error(`two scenarios are named ${name}`);

/** The scenarios that `npm test` runs. */
export const samples: readonly Scenario[] = groups.flatMap((g) => g.scenarios.filter((s) => s.sample.length > 0));
/** Packages of the samples, and the essential ones that they use. */
export const samplePackages: readonly string[] = [
  ...new Set(["coreutils", "dash", "libc-bin", "mount", ...samples.flatMap((s) => s.packages)]),
].sort();

/** Text as it is compared. */
export const comparable = (text: string, { mask, unordered }: Scenario): string => {
  const masked = mask.reduce((soFar, [pattern, replacement]) => soFar.replace(pattern, replacement), text);
  return unordered ? masked.split("\n").sort().join("\n") : masked;
};
