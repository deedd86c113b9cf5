// `npm run guests:native`: builds the programs of test/kernel/native with gcc -m64 and -m32 into
// test/kernel/native/built.zip, for hosts without a compiler.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { archive, buildNativeGuest, type Mode, nativeGuests, sourcesDigest } from "../test/support/native-guest.ts";

const folder = mkdtempSync(join(tmpdir(), "trapgate-guests-"));
// The same bytes from the same programs.
const mtime = new Date("2025-01-01T00:00:00Z");
const files: Zippable = { sources: [new TextEncoder().encode(sourcesDigest()), { mtime }] };
for (const name of nativeGuests)
  for (const mode of ["-m64", "-m32"] satisfies Mode[]) {
    const program = join(folder, `${name}.${mode.slice(2)}`);
    buildNativeGuest(name, mode, program, "-s");
    files[`${name}.${mode.slice(2)}`] = [readFileSync(program), { mtime, level: 9 }];
  }
rmSync(folder, { recursive: true });
const bytes = zipSync(files);
writeFileSync(archive, bytes);
console.log(`${archive}: ${Object.keys(files).length - 1} programs, ${bytes.length} bytes`);
