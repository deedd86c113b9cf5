// The imports of the files of src: for the rules in test/project and for `npm run graph`.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder src. */
export const src = fileURLToPath(new URL("../../src", import.meta.url));

/** One import, of a package or a file. */
export interface Import {
  readonly file: string;
  readonly specifier: string;
  /** Relative to src/; undefined: a package. */
  readonly target: string | undefined;
  readonly isType: boolean;
}
/** All files, relative to src. */
export const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts") && !f.includes("routines/"));
const onlyTypes = (clause: string): boolean => {
  if (/^\s*type\b/.test(clause)) return true;
  const names =
    /\{([^}]*)\}/
      .exec(clause)?.[1]
      ?.split(",")
      .filter((name) => name.trim() !== "") ?? [];
  return names.length > 0 && names.every((name) => /^\s*type\b/.test(name));
};
const statement = /^(?:import|export)\b([^"'`;]*?)\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;
/** All imports. */
export const imports: readonly Import[] = files.flatMap((file) =>
  [...readFileSync(join(src, file), "utf8").matchAll(statement)].map((m): Import => {
    const specifier = (m[2] ?? m[3] ?? m[4]) as string;
    const target = specifier.startsWith(".") ? relative(src, join(src, dirname(file), specifier)) : undefined;
    return { file, specifier, target, isType: onlyTypes(m[1] ?? "") };
  }),
);

/** The largest set of files that all lead to each other by imports. `from`: the files. Tarjan's algorithm. */
export const largestCircle = (from: readonly string[], uses: (file: string) => readonly string[]): readonly string[] => {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  let largest: readonly string[] = [];
  const visit = (file: string): number => {
    const own = index.size;
    index.set(file, own);
    low.set(file, own);
    open.push(file);
    for (const target of uses(file)) {
      if (!index.has(target)) low.set(file, Math.min(low.get(file) as number, visit(target)));
      else if (open.includes(target)) low.set(file, Math.min(low.get(file) as number, index.get(target) as number));
    }
    if (low.get(file) === own) {
      const found = open.splice(open.indexOf(file));
      if (found.length > largest.length) largest = found;
    }
    return low.get(file) as number;
  };
  for (const file of from) if (!index.has(file)) visit(file);
  return largest;
};
