// `npm run conformance:engines -- [FIRST [LAST]] [--minutes N]`: drawn programs in which time matters, on all
// engines. It says which seeds differ.
import { parseArgs } from "node:util";
import { engines } from "../../src/cpu/engine.ts";
import { compare } from "./compare.ts";

const usage = "usage: npm run conformance:engines -- [FIRST [LAST]] [--minutes N]";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: "string" }, help: { type: "boolean", short: "h" } },
});
if (values.help || positionals.some((word) => !/^\d+$/.test(word))) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const [first = 1, last = values.minutes === undefined ? first + 99 : Number.POSITIVE_INFINITY] = positionals.map(Number);
const end = Date.now() + Number(values.minutes ?? Number.POSITIVE_INFINITY) * 60_000;

let programs = 0;
let differing = 0;
for (let seed = first; seed <= last && Date.now() < end; seed++, programs++) {
  // The oracle takes a microsecond for an instruction: it runs the short ones.
  const some = engines.filter((engine) => engine !== "interpret" && (engine !== "evaluate" || seed % 8 === 1));
  const differences = await compare(seed, ["interpret", ...some]);
  if (differences.length > 0) differing++;
  for (const { engine, expected, found } of differences) console.log(`seed ${seed}, ${engine}: ${found}\n  interpreted: ${expected}`);
}
console.log(`engines: ${programs} programs from seed ${first}, ${differing} differ`);
process.exitCode = differing === 0 ? 0 : 1;
