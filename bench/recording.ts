// `npm run bench:recording -- [RUNS]`: the cost of recording, in processor seconds of all threads: the same
// program under `run` and `record`, by turns; the least of so many runs of each (5) counts, because other
// work of the host only adds. And the size of the recording, as it is written and after `trapgate pack`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../bin/trapgate.js", import.meta.url));
const programs: Readonly<Record<string, readonly string[]>> = {
  "python3, a start": ["/usr/bin/python3", "-c", "print(1)"],
  "python3, 4 · 10⁶ rounds": ["/usr/bin/python3", "-c", "s = 0\nfor i in range(4_000_000): s += i * i % 7\nprint(s)"],
  "sh, 300 processes": ["/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"],
  "perl, 10⁶ numbers sorted": [
    "/usr/bin/perl",
    "-e",
    "my @a = map { ($_ * 7919) % 1000003 } 1..1000000; print scalar(sort { $a <=> $b } @a)",
  ],
};

const times = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "trapgate-recording-"));
const file = join(folder, "run.rec");
/** Processor seconds of a command line. */
const seconds = (...words: readonly string[]): number => {
  // `times` counts children that have ended.
  const line = `"$0" "$@" >/dev/null 2>&1 </dev/null; times`;
  const { stdout } = spawnSync("/bin/bash", ["-c", line, process.execPath, ...words], { encoding: "utf8" });
  const [user = 0, system = 0] = [...(stdout.trim().split("\n").at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return user + system;
};
console.log(`processor seconds, load ${loadavg()[0]?.toFixed(1)}
program | run | record | cost | kilobytes | packed`);
for (const [name, words] of Object.entries(programs)) {
  if (!existsSync(words[0] as string)) continue;
  let [plain, recorded] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let n = 0; n < times; n++) {
    plain = Math.min(plain, seconds(cli, "run", "--no-start-cache", "--root", "/", "--", ...words));
    recorded = Math.min(recorded, seconds(cli, "record", "-o", file, "--root", "/", "--", ...words));
  }
  const cost = ((recorded / plain - 1) * 100).toFixed(1);
  seconds(cli, "pack", "-o", `${file}.packed`, file);
  const sizes = [file, `${file}.packed`].map((each) => Math.round(statSync(each).size / 1000));
  console.log(`${name} | ${plain.toFixed(2)} | ${recorded.toFixed(2)} | ${cost} % | ${sizes.join(" | ")}`);
}
rmSync(folder, { recursive: true });
