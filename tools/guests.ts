// `npm run guests`: assemble guest/src into guest/bin. nasm writes the ELF files itself, so the bytes depend
// on the sources alone.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { catalogue } from "../src/landmines/catalogue/index.ts";
import { guestFiles } from "../src/landmines/catalogue/landmine.ts";

const guest = join(dirname(fileURLToPath(import.meta.url)), "..", "guest");

interface Guest {
  readonly file: string;
  readonly source: string;
  readonly defines: readonly string[];
}

/** Every file of guest/bin, in the order to build them. */
export const guests = (): Guest[] => {
  const sources = readdirSync(join(guest, "src"))
    .filter((f) => f.endsWith(".asm"))
    .sort();
  const plain = sources.map((source) => ({ file: source.replace(/\.asm$/, ""), source, defines: [] }));
  const known = new Set(plain.map((g) => g.file));
  const mines = catalogue.flatMap((mine) => guestFiles(mine).map((g) => ({ ...g, source: join("landmines", `${mine.program}.asm`) })));
  return [...plain, ...new Map(mines.filter((m) => !known.has(m.file)).map((m) => [m.file, m])).values()];
};

export const buildGuests = (into: string): void => {
  mkdirSync(into, { recursive: true });
  for (const { file, source, defines } of guests()) {
    const args = [
      "-f",
      "bin",
      ...defines.map((d) => `-D${d}`),
      `-I${join(guest, "src")}/`,
      `-I${into}/`,
      "-o",
      join(into, file),
      join(guest, "src", source),
    ];
    const { status, stderr, error } = spawnSync("nasm", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`nasm ${file}: ${error?.message ?? stderr}`);
    chmodSync(join(into, file), 0o755);
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) buildGuests(join(guest, "bin"));
