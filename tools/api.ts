// docs/reference/api.md: the exports of every public entry with their docstrings, read from the declarations
// that tsc emits.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const top = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Emits the declarations of src/ into a folder, as they are published. */
export const emitTypes = (folder: string): void => {
  const tsc = join(top, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", join(top, "tsconfig.build.json"), "--emitDeclarationOnly", "--outDir", folder]);
};

/**
 * Public entries in reading order: the name to import, its declarations, one sentence. `trapgate/internal` is
 * left out: it promises nothing.
 */
export const entries = [
  { name: "trapgate", file: "index.d.ts", about: "Machines, their options and results, search for races." },
  {
    name: "trapgate/seccomp",
    file: "seccomp/index.d.ts",
    about: "Filters as data: assemble, check, evaluate, compare. It needs no machine.",
  },
  { name: "trapgate/policy", file: "policy/index.d.ts", about: "Policies of several formats: read, explain, merge, write." },
  { name: "trapgate/cpu", file: "cpu/index.d.ts", about: "Instructions: decode, assemble, disassemble, describe." },
  {
    name: "trapgate/query",
    file: "debug/index.d.ts",
    about: "Questions about a run that has happened: who wrote a byte, where it came from.",
  },
  { name: "trapgate/browser", file: "browser/index.d.ts", about: "A machine in a worker, for pages." },
  { name: "trapgate/node", file: "node.d.ts", about: "Folders of the host as file systems of guests. For Node.js." },
  {
    name: "trapgate/vitest",
    file: "vitest/index.d.ts",
    about: "Matchers for vitest, which the import installs; guests from C, traces for snapshots.",
  },
] as const;

export interface Doc {
  readonly text: string;
  readonly throws: readonly string[];
  readonly example: string | undefined;
}
export interface Export {
  readonly name: string;
  readonly kind: "class" | "function" | "value" | "type";
  /** The declaration without its docstring. */
  readonly code: string;
  readonly doc: Doc | undefined;
}

/** The text of a docstring by tag. */
const parseDoc = (comment: string): Doc => {
  const lines = comment
    .trim()
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""));
  const [text = "", ...tags] = lines.join("\n").split(/^@(?=throws|example)/m);
  const of = (tag: string) => tags.filter((t) => t.startsWith(tag)).map((t) => t.slice(tag.length).trim());
  return { text: text.trim(), throws: of("throws"), example: of("example")[0] };
};

interface Declaration {
  readonly names: readonly string[];
  readonly code: string;
  readonly comment: string | undefined;
}
/**
 * Top-level statements of a declaration file. tsc begins each at the first column, and indents everything
 * inside.
 */
const declarations = (text: string): Declaration[] => {
  const statement = /^(\/\*\*[\s\S]*?\*\/\n)?((?:export |declare )[^\n]*(?:\n(?:[ \t)}\]][^\n]*|\*\/))*)/gm;
  return [...text.matchAll(statement)].map(([, comment, code = ""]) => {
    const name = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|let|function) (\w+)/.exec(code)?.[1];
    return { names: name === undefined ? [] : [name], code, comment };
  });
};

const kindOf = (code: string): Export["kind"] => {
  if (/^export declare (abstract )?class/.test(code)) return "class";
  if (/^export (interface|type)/.test(code)) return "type";
  return /^export declare function/.test(code) || /^export declare const \w+: (<[\s\S]*?>)?\([\s\S]*=>/.test(code) ? "function" : "value";
};

/** The exports of a declaration file, those of files that it names included. */
export const exportsOf = (folder: string, file: string, wanted?: readonly string[]): Export[] => {
  const text = readFileSync(join(folder, file), "utf8");
  const found: Export[] = [];
  for (const [, clause = "", from] of text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)) {
    const pairs = clause
      .split(",")
      .map((item) => item.trim().replace(/^type /, ""))
      .filter(Boolean)
      .map((item) => item.split(" as ") as [string, string?]);
    const some = pairs.filter(([own, other = own]) => !wanted || wanted.includes(other));
    if (some.length === 0) continue;
    const target = join(dirname(file), (from as string).replace(/\.ts$/, ".d.ts"));
    const inner = exportsOf(
      folder,
      target,
      some.map(([own]) => own),
    );
    for (const [own, other = own] of some) {
      const one = inner.find((item) => item.name === own);
      if (!one) throw new Error(`${file}: no declaration of ${own} in ${target}`);
      found.push({ ...one, name: other });
    }
  }
  for (const { names, code, comment } of declarations(text)) {
    const [name] = names;
    if (name === undefined || !code.startsWith("export") || (wanted && !wanted.includes(name))) continue;
    if (found.some((one) => one.name === name)) continue;
    found.push({ name, kind: kindOf(code), code, doc: comment === undefined ? undefined : parseDoc(comment) });
  }
  return found;
};

const byName = (a: Export, b: Export): number => a.name.localeCompare(b.name, "en");
const shownCode = (code: string): string =>
  code
    .replace(/^export (declare )?/, "")
    .replace(/^(?: {4}\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)? {4}(?:#private|private .*);\n/gm, "")
    .replace(/^( +)/gm, (indent) => " ".repeat(indent.length / 2));

const section = ({ name, code, doc }: Export): string[] => [
  `### ${name}`,
  "",
  ...(doc?.text ? [doc.text, ""] : []),
  "```ts",
  shownCode(code),
  "```",
  "",
  ...(doc?.throws ?? []).flatMap((text) => [`Throws ${text.replace(/^\{(\w+)\} */, "`$1`: ").replace(/\n/g, " ")}`, ""]),
  ...(doc?.example ? ["Example:", "", "```ts", doc.example, "```", ""] : []),
];

/** The text of docs/reference/api.md from the declarations in a folder. */
export const apiPage = (folder: string): string => {
  const kinds = [
    ["class", "Classes"],
    ["function", "Functions"],
    ["value", "Values"],
    ["type", "Types"],
  ] as const;
  const pages = entries.flatMap(({ name, file, about }) => {
    const all = exportsOf(folder, file).sort(byName);
    return [
      `## ${name}`,
      "",
      about,
      "",
      ...kinds.flatMap(([kind, title]) => {
        const some = all.filter((one) => one.kind === kind);
        return some.length === 0 ? [] : [`${title}: ${some.map((one) => `\`${one.name}\``).join(", ")}.`, ""];
      }),
      ...kinds.flatMap(([kind]) => all.filter((one) => one.kind === kind).flatMap(section)),
    ];
  });
  return `${["<!-- Made by `npm run docs` from the docstrings of src/. -->", "# Reference of the library", "", ...pages].join("\n").trimEnd()}\n`;
};
