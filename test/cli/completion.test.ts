// Completion scripts in the shells themselves: bash, zsh and fish. `npm run setup` installs these where it
// may.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { missing, top } from "../support/host.ts";

const has = (shell: string) => ({ what: shell, met: spawnSync(shell, ["--version"], { stdio: "ignore" }).status === 0 });
describe.skipIf(missing("bash's completion", has("bash")))("in bash", { timeout: 60_000 }, () => {
  const script = trapgate(["completion", "bash"]).stdout;
  /** The words that bash offers for the last of these words. */
  const offered = (...words: readonly string[]): readonly string[] => {
    const text = `${script}
COMP_WORDS=(trapgate ${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_trapgate
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync("bash", ["-c", text], { cwd: top, encoding: "utf8" });
    expect([stderr, status]).toEqual(["", 0]);
    return stdout.split("\n").filter(Boolean);
  };
  it("are commands and subcommands", () => {
    expect(offered("l")).toEqual(["lab", "landmines"]);
    expect(offered("")).toEqual(expect.arrayContaining(["run", "trace", "seccomp", "completion", "help"]));
    expect([...offered("seccomp", "di")].sort()).toEqual(["diff", "disasm"]);
    expect(offered("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(offered("help", "mod")).toEqual(["models"]);
  });
  it("are options of the command, of every row of its help", () => {
    expect(offered("run", "--ker")).toEqual(["--kernel", "--kernel-log"]);
    expect(offered("seccomp", "diff", "--br")).toEqual(["--brief"]);
    expect(offered("trace", "--follow")).toEqual(["--follow-forks"]);
    for (const command of [["run"], ["seccomp", "asm"], ["explore"]]) {
      const rows = trapgate([...command, "--help"]).stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm);
      expect(offered(...command, "--")).toEqual(expect.arrayContaining([...rows].map(([, name]) => name)));
    }
  });
  it("are values of an option", () => {
    expect(offered("run", "--engine", "")).toEqual(["auto", "jit", "baseline", "interpret", "evaluate"]);
    expect(offered("run", "--engine", "=", "j")).toEqual(["jit"]);
    expect(offered("run", "--bug", "rec")).toEqual(["reciprocal-divide"]);
    expect(offered("seccomp", "explain", "--as", "po")).toEqual(["podman"]);
    expect(offered("run", "--root", "gues")).toEqual(["guest"]);
    expect(offered("disasm", "--mode", "")).toEqual(["16", "32", "64"]);
  });
  it("are files for a program, and behind it nothing of ours", () => {
    expect(offered("run", "--engine", "jit", "package")).toEqual(expect.arrayContaining(["package.json"]));
    expect(offered("run", "prog", "--ker")).toEqual([]);
    expect(offered("run", "--", "READ")).toEqual(["README.md"]);
    expect(offered("seccomp", "diff", "a", "--br")).toEqual(["--brief"]);
  });
});

describe.skipIf(missing("zsh's completion", has("zsh")))("in zsh", { timeout: 60_000 }, () => {
  it("the script is one that zsh reads and completes with", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "_trapgate"), trapgate(["completion", "zsh"]).stdout);
      // zsh completes on a terminal alone: zpty(1) of zsh is one.
      const text = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1='> '; fpath=(${folder} $fpath); autoload -Uz compinit; compinit -D -u; echo rea''dy"
until zpty -r z line '*ready*'; do :; done
zpty -w -n z $'trapgate lan\\t'
sleep 2; zpty -r -t z line; print -r -- "$line"
zpty -w -n z $'\\C-utrapgate run --eng\\t'
sleep 2; zpty -r -t z line; print -r -- "$line"
zpty -d z`;
      const { stdout } = spawnSync("zsh", ["-f", "-c", text], { encoding: "utf8", timeout: 30_000 });
      expect(stdout).toContain("landmines");
      expect(stdout).toContain("--engine");
    }));
});

describe.skipIf(missing("fish's completion", has("fish")))("in fish", { timeout: 60_000 }, () => {
  it("are commands, options and values", () =>
    inFolder(async (folder) => {
      const script = join(folder, "trapgate.fish");
      writeFileSync(script, trapgate(["completion", "fish"]).stdout);
      const offered = (line: string): string[] => {
        const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", `source ${script}; complete -C ${JSON.stringify(line)}`], {
          encoding: "utf8",
        });
        expect(stderr).toBe("");
        return stdout.split("\n").map((row) => row.split("\t")[0] as string);
      };
      expect(offered("trapgate lan")).toContain("landmines");
      expect(offered("trapgate seccomp dif")).toContain("diff");
      expect(offered("trapgate run --kern")).toEqual(expect.arrayContaining(["--kernel", "--kernel-log"]));
      expect(offered("trapgate run --engine j")).toContain("jit");
    }));
});

describe("a shell that has none", () => {
  it("is named, with the nearest", () => {
    expect(trapgate(["completion", "zhs"]).stderr).toBe('trapgate: completion has no value "zhs" (did you mean zsh?) [TG0105]\n');
    expect(trapgate(["completion"]).stderr).toMatch(/^trapgate: which shell\? \(there are bash, zsh, fish\) \[TG0106\]/);
  });
});
