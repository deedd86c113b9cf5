// One printer of the command line: no text of a stranger reaches the terminal as it is.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { INK } from "../../src/cli/text/ink.ts";
import { jsonText, shown } from "../../src/cli/text/print.ts";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const cli = join(top, "src", "cli");
const files = readdirSync(cli, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

/**
 * Writers beside the printer: bytes of files (output.ts), a line of progress that erases itself, the
 * guest's streams and the lines of traces, which the machine escapes.
 */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: texts of sources
const others: Readonly<Record<string, readonly string[]>> = {
  "text/print.ts": ["printBytes(shown(text))", "printBytes(`${jsonText(value, 2)}\\n`)"],
  "seccomp/output.ts": ["printBytes(content)"],
  "progress.ts": ["stderr.write(`\\r${visible(line).slice(0, (stderr.columns || 80) - 1)}\\u001b[K`)", "stderr.write(ERASE)"],
  "execute.ts": ["fdSink(2).write(new TextEncoder().encode(shown(`${line}\\n`)))", "fdSink(1)", "fdSink(2)"],
  "commands/snapshot.ts": ["fdSink(1), fdSink(2)", "fdSink(1);", "fdSink(1), ...SIZE"],
  "recorded.ts": ["stdout.write(bytes);", "fdSink(1), fdSink(2)];"],
  "commands/debug.ts": ["fdSink(isPiped ? 2 : 1);", "fdSink(2);"],
  "trace-output.ts": ["fdSink(fd)"],
};
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: texts of sources

describe("the printer", () => {
  it("is the only writer of text", () => {
    const found = files.flatMap((file) =>
      [
        ...readFileSync(join(cli, file), "utf8").matchAll(
          /\bprintBytes\(.*|\b(?:stdout|stderr)\.write\(.*|\bconsole\.\w+\(.*|\bfdSink\(.*/g,
        ),
      ]
        .map(([text]) => ({ file, text }))
        .filter(({ text }) => !(others[file] ?? []).some((known) => text.includes(known.replace(/^process\./, "")))),
    );
    expect(found).toEqual([]);
  });
  it("waits for a slow reader, and does not mind one that has gone", () => {
    const piped = (reader: string) =>
      spawnSync("sh", ["-c", `"$0" bin/trapgate.js syscalls --json | ${reader}`, process.execPath], { cwd: top, encoding: "utf8" });
    expect(JSON.parse(piped("{ sleep 1; cat; }").stdout)).toBeInstanceOf(Array);
    expect(piped("head -c 1")).toMatchObject({ stdout: "[", stderr: "" });
  });
  it("shows control characters of both sets, and keeps lines and this program's colours", () => {
    const red = pc.createColors(true).red("bad").replaceAll("\u001b", INK);
    expect(shown(`${red}: \u001b[31mfoo\u009b\u0007\r\n\tnext`)).toBe("\u001b[31mbad\u001b[39m: \\x1b[31mfoo\\x9b\\x07\\x0d\n\tnext");
    expect(JSON.parse(jsonText({ name: "\u001b\u009b\u007f", n: 255n }))).toEqual({ name: "\u001b\u009b\u007f", n: "0xff" });
    expect(jsonText("\u009b")).toBe('"\\u009b"');
  });
});

const ESC = "\\u001b[31m\\u009b\\u0007";
const raw = "\u001b[31m\u009b\u0007";
/** Policies with escapes in all that a stranger chooses. */
const policies: Readonly<Record<string, string>> = {
  "oci.json": `{ "defaultAction": "SCMP_ACT_ALLOW", "x${ESC}": 1, "syscalls": [{ "names": ["foo${ESC}", "read"], "action": "SCMP_ACT_ERRNO", "comment": "${ESC}" }] }`,
  "bad.json": `{ "defaultAction": "SCMP_ACT_${ESC}" }`,
  "spo.yaml": `kind: SeccompProfile\nspec:\n  baseProfileName: "${ESC}"\n  defaultAction: SCMP_ACT_ALLOW\n  syscalls: [{ names: ["foo${ESC}"], action: SCMP_ACT_ERRNO }]\n`,
  "a.service": `[Service]\nSystemCallFilter=foo${raw}x @g${raw}\nSystemCallErrorNumber=E${raw}\nSystemCallArchitectures=y${raw}\nSystemCallFilterx${raw}=1\n`,
  "mail.policy": `read: 1\nfoo: 1 # ${raw}\nwrite: ${raw}\n`,
  "k.kafel": `ALLOW { read, ${raw} } DEFAULT KILL\n`,
  "fire.json": `{ "t${ESC}": { "default_action": "allow", "filter_action": "trap", "filter": [{ "syscall": "foo${ESC}" }] } }`,
  "f.asm": `return ${raw}\n`,
};
/** Control characters but for line feeds and tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to find
const RAW = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

describe("escapes in a policy", { timeout: 240_000 }, () => {
  it.each(Object.entries(policies))("%s reaches no terminal", (name, text) =>
    inFolder(async (folder) => {
      const file = join(folder, name);
      writeFileSync(file, text);
      const hello = guestPath("hello-syscall");
      const commands = [
        ["seccomp", "explain", file],
        ["seccomp", "audit", "--no-run", file],
        ["seccomp", "diff", file, file],
        ["seccomp", "explain", "--json", file],
        ["run", "--why", "--policy", file, hello],
        ["seccomp", "coverage", "--policy", file, hello],
      ];
      for (const command of commands) {
        const { stdout, stderr } = trapgate(command);
        expect([command.slice(0, 2), RAW.exec(stdout)?.[0], RAW.exec(stderr)?.[0]]).toEqual([command.slice(0, 2), undefined, undefined]);
        expect(stderr).not.toContain("internal error");
      }
    }),
  );
});
