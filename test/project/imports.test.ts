// ARCHITECTURE.md's drawing as a test: the stairs go one way, and the core knows no host.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));

/** Folder -> the folders it may import besides itself. A file directly in src/ is a floor of its own name. */
const below: Record<string, readonly string[]> = {
  "problem.ts": [],
  abi: [],
  cpu: ["abi", "problem.ts"],
  memory: ["cpu", "abi"],
  seccomp: ["cpu", "abi", "problem.ts"],
  policy: ["seccomp", "abi", "problem.ts"],
  kernel: ["memory", "seccomp", "cpu", "abi", "problem.ts"],
  machine: ["kernel", "memory", "seccomp", "cpu", "abi", "problem.ts"],
  landmines: ["machine", "kernel", "problem.ts"],
  host: ["machine", "kernel", "abi", "problem.ts"],
  cli: ["landmines", "host", "machine", "kernel", "policy", "seccomp", "cpu", "abi", "problem.ts"],
  "index.ts": ["machine", "kernel", "seccomp", "cpu", "abi", "problem.ts"],
  "vitest.ts": ["machine", "policy", "seccomp", "problem.ts"],
};
/** What may be imported from outside, and where. */
const outside: readonly { readonly from: RegExp; readonly what: RegExp }[] = [
  { from: /^(cli|host)\//, what: /^node:/ },
  { from: /^cli\//, what: /^picocolors$/ },
  { from: /^policy\//, what: /^(zod|yaml)$/ },
  { from: /^vitest\.ts$/, what: /^vitest$/ },
];

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts") && !f.includes("routines/"));
const specifiers = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\b[^"'`;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm)].map(
    (m) => (m[1] ?? m[2] ?? m[3]) as string,
  );
const floor = (file: string): string => file.split("/")[0] as string;

const complaints = (): string[] => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const specifier of specifiers(readFileSync(join(src, file), "utf8"))) {
      if (specifier.startsWith(".")) {
        const target = floor(relative(src, join(src, dirname(file), specifier)));
        if (target !== floor(file) && !below[floor(file)]?.includes(target)) wrong.push(`src/${file} imports ${specifier}`);
      } else if (!outside.some((o) => o.from.test(file) && o.what.test(specifier))) wrong.push(`src/${file} imports ${specifier}`);
    }
  }
  return wrong;
};

describe("the import graph", () => {
  it("has a known floor for every file", () => {
    expect(files.map(floor).filter((f) => !(f in below))).toEqual([]);
  });
  it("only goes down, and only doors meant for people know the host", () => {
    expect(complaints()).toEqual([]);
  });
  it("lets no file say a floor above its own in the table itself", () => {
    const order = Object.keys(below);
    for (const [name, list] of Object.entries(below)) for (const l of list) expect(order.indexOf(l)).toBeLessThan(order.indexOf(name));
  });
});
