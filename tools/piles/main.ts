// `npm run piles`: a table of the host's cost for each way of test/hostile/piles.c with --memory 64M. Names
// select ways.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePiles, GUEST_MEMORY, modesOf, OVERHEAD, pile } from "../../test/hostile/piles.ts";

const SECONDS = 20;
const MEGABYTE = 2 ** 20;
/** trapgate's own errors. */
const FAILED = 125;
const folder = mkdtempSync(join(tmpdir(), "trapgate-piles-"));
try {
  const program = compilePiles(folder);
  const wanted = process.argv.slice(2);
  console.log("| way | peak, MB | s | status | objects, and why no more |\n|---|---|---|---|---|");
  let over = 0;
  for (const mode of modesOf(program).filter((name) => wanted.length === 0 || wanted.includes(name))) {
    const { peak, seconds, status, said } = await pile(program, mode, join(folder, "host"), SECONDS);
    const isOver = peak > GUEST_MEMORY + OVERHEAD || status === FAILED;
    if (isOver) over++;
    console.log(`| ${mode} | ${Math.round(peak / MEGABYTE)}${isOver ? " (!)" : ""} | ${seconds.toFixed(1)} | ${status} | ${said} |`);
  }
  process.exitCode = over === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
