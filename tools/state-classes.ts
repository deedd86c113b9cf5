// `npm run state`: src/machine/snapshot/classes.ts, the classes of the rooms with state of a machine. A class
// is found by its declaration; one that is not exported has no instances in the state of a machine
// (test/kernel/plain-state.test.ts).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("..", import.meta.url));
const at = join(top, "src", "machine", "snapshot", "classes.ts");
/** Folders of src. The rest of seccomp and machine is not part of a machine's state. */
const ROOMS = ["kernel", "memory"];
const OTHERS = ["seccomp/filter.ts", "seccomp/special.ts", "machine/standard-streams.ts", "machine/schedule.ts", "machine/tree.ts"];

/** The files with classes, and the names of these. */
export const stateFiles = (): { readonly file: string; readonly names: readonly string[] }[] => {
  const src = join(top, "src");
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(src, room), { recursive: true, encoding: "utf8" }).map((file) => join(room, file)),
  );
  return [...files.filter((file) => file.endsWith(".ts")), ...OTHERS]
    .sort()
    .map((file) => {
      const text = readFileSync(join(src, file), "utf8");
      return { file, names: [...text.matchAll(/^export class (\w+)/gm)].map((m) => m[1] as string).sort() };
    })
    .filter(({ names }) => names.length > 0);
};
/** The text of the file. */
export const stateClasses = (): string => {
  const found = stateFiles();
  // Classes of two files can have one name.
  const uses = new Map<string, number>();
  for (const { names } of found) for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  const local = (file: string, name: string): string =>
    uses.get(name) === 1 ? name : `${name}_${file.replace(/\.ts$/, "").replace(/\W/g, "_")}`;
  const imports = found.map(({ file, names }) => {
    const list = names.map((name) => (local(file, name) === name ? name : `${name} as ${local(file, name)}`));
    return `import { ${list.join(", ")} } from "${file.startsWith("machine/") ? `../${file.slice(8)}` : `../../${file}`}";`;
  });
  const rows = found.flatMap(({ file, names }) => names.map((name) => `  ["${file}:${name}", () => ${local(file, name)}],`));
  return [
    "// The classes of a machine's state, by file and name. Made by `npm run state` (tools/state-classes.ts).",
    "// biome-ignore-all format: generated",
    "// biome-ignore-all assist/source/organizeImports: generated",
    ...imports,
    "",
    "/** Constructors by name. A bundle loads a class when it is wanted. */",
    "export const classes: ReadonlyMap<string, () => object> = new Map<string, () => object>([",
    ...rows,
    "]);",
    "",
  ].join("\n");
};

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(at, stateClasses());
