// Left: the program. A list of ready ones, an editor, symbols and arguments, and a place to drop an ELF file.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isRecording } from "../../../src/machine/recording/frames.ts";
import { lessons } from "../lessons/index.ts";
import { lineOfC } from "../lessons/lesson.ts";
import type { TextProblem } from "../methods/protocol.ts";
import { defaults, type SavedProgram } from "../state/saved.ts";
import {
  bottomTab,
  change,
  complaint,
  currentProgram,
  dropped,
  edit,
  library,
  moment,
  open,
  openRecording,
  run,
  runs,
  saved,
  selectedRow,
  showTrace,
  source,
} from "../state/session.ts";
import { toBase64 } from "../state/share.ts";
import { loadShell, shellAbout, shellCopyright } from "../state/shell.ts";
import { checker } from "../state/workers.ts";
import { Editor } from "./editor.tsx";
import { Mistakes } from "./mistakes.tsx";
import { useChecked } from "./use-checks.ts";

const NONE: readonly TextProblem[] = [];
const MOST_FILE = 200_000_000;
const MOST_ELF = 8_000_000;

/** The entry of the list that is no ready program. */
const SHELL = "(shell)";
const choose = async (name: string): Promise<void> => {
  if (name === SHELL) {
    await open({ ...saved.value, program: { kind: "shell" }, symbols: "", args: "", schedule: "", lesson: null });
    return run();
  }
  const dialect = library.value?.hasDialect(name) ?? true;
  await open({ ...saved.value, program: { kind: "guest", name }, symbols: "", dialect, lesson: null });
  await run();
};

const ZIP = [0x50, 0x4b, 3, 4];
const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const USTAR = 257;
const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean => magic.every((byte, i) => bytes[at + i] === byte);
/** tar and zip, plain and compressed. */
const isArchive = (bytes: Uint8Array): boolean =>
  [ZIP, GZIP, ZSTD].some((magic) => startsWith(bytes, magic)) ||
  new TextDecoder("latin1").decode(bytes.subarray(USTAR, USTAR + 5)) === "ustar";
const hasTrace = async (bytes: Uint8Array): Promise<boolean> => {
  const { isTraceFile } = await import("../state/trace-file.ts");
  return isTraceFile(bytes);
};
/** An archive becomes the root directory: of the program that is there, or of one that it has. */
const takeRoot = async (name: string, bytes: Uint8Array): Promise<void> => {
  dropped.value = { name, bytes };
  const { program } = saved.value;
  if (program.kind !== "elf")
    await open({ ...saved.value, program: { kind: "root", name, path: "/bin/sh" }, symbols: "", args: "", schedule: "", lesson: null });
  await run();
};

/** Opens a dropped or chosen file: an ELF program, assembly, a recording, a saved run, or an archive. */
export const takeFile = async (file: File): Promise<void> => {
  if (file.size > MOST_FILE)
    throw new Error(`${file.name} has ${file.size} bytes; the lab takes files of at most ${MOST_FILE}. Run it with the trapgate command.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (isRecording(bytes)) return openRecording(file.name, bytes);
  if (startsWith(bytes, ZIP.slice(0, 2)) && (!startsWith(bytes, ZIP) || (await hasTrace(bytes)))) {
    const { readTraceFile } = await import("../state/trace-file.ts");
    return showTrace(readTraceFile(file.name, bytes));
  }
  if (isArchive(bytes)) return takeRoot(file.name, bytes);
  if (file.size > MOST_ELF)
    throw new Error(
      `${file.name} has ${file.size} bytes; the lab takes programs of at most ${MOST_ELF}. Run it with the trapgate command.`,
    );
  const isElf = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  const program: SavedProgram = isElf
    ? { kind: "elf", name: file.name, base64: toBase64(bytes) }
    : { kind: "source", text: new TextDecoder().decode(bytes) };
  await open({ ...saved.value, program, symbols: "", lesson: null });
  await run();
};

const Chooser = () => {
  const { program } = saved.value;
  const { guests = [] } = library.value ?? {};
  const groups = [...new Set(guests.map(({ group }) => group))];
  const own = "name" in program && program.kind !== "guest" ? program.name : program.kind === "source" ? "your program" : undefined;
  const value = program.kind === "guest" ? program.name : program.kind === "shell" ? SHELL : "own";
  return (
    <label class="field">
      <span>Program</span>
      <select value={value} onChange={(e) => void choose(e.currentTarget.value)}>
        {own && <option value="own">{own}</option>}
        {guests.length === 0 && program.kind === "guest" && <option value={program.name}>{program.name}</option>}
        <option value={SHELL}>Shell: busybox, to type in</option>
        {groups.map((group) => (
          <optgroup label={group} key={group}>
            {guests
              .filter((guest) => guest.group === group)
              .map(({ name, title }) => (
                <option value={name} key={name}>
                  {title}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
};

/** The shell's root directory, and the origin of its busybox. */
const Shell = () => {
  const about = shellAbout.value;
  useEffect(() => void loadShell(), []);
  return (
    <div class="about">
      <p>
        A shell in a small root directory: type in the terminal below. Each system call of it and of the programs that it starts is a row.
        Try <code>ls /demo</code>, <code>/demo/a1</code>, <code>ps</code>.
      </p>
      {about && "busybox" in about && (
        <p>
          {about.busybox}, of Debian, under the GPL: <a href={shellCopyright()}>copyright</a>, <a href={about.source}>source</a>.
        </p>
      )}
      {about && "missing" in about && <p class="problem">{about.missing}</p>}
    </div>
  );
};

/** True while the program's source in C is shown. */
const showsC = signal(false);
/** Assembly or C, for programs that were made of C. */
const Languages = () => (
  <fieldset class="languages" aria-label="Language">
    {[false, true].map((c) => (
      <button type="button" class="quiet" aria-pressed={showsC.value === c} key={String(c)} onClick={() => (showsC.value = c)}>
        {c ? "C" : "Assembly"}
      </button>
    ))}
  </fieldset>
);

export const ProgramPane = () => {
  const { program, symbols, dialect, args, a, lesson } = saved.value;
  const text = source.value ?? "";
  const problems = useChecked(NONE, [text, symbols, dialect, a.kernel, program.kind], async () =>
    (program.kind !== "source" && program.kind !== "guest") || source.value === undefined
      ? NONE
      : (await checker.call("checkProgram", { program: await currentProgram(), kernel: a.kernel }).result).problems,
  );
  const row = selectedRow.value;
  const stepped = bottomTab.value === "steps" ? moment.value?.task?.code[0]?.address : undefined;
  const line = stepped === undefined ? row && lineOf(row.run.lines, row.row.call.before) : runs.a.value.lines.get(stepped);
  const c = program.kind === "source" ? lessons.find(({ id }) => id === lesson)?.c : undefined;
  const mine = program.kind === "guest" ? library.value?.mineOf(program.name) : undefined;
  return (
    <section class="pane program" aria-label="Program">
      <div class="bar">
        <Chooser />
        <label class="button file">
          Open…
          <input
            type="file"
            aria-label="Open an ELF program, assembly, a saved run or an archive"
            onChange={(e) => {
              const [file] = e.currentTarget.files ?? [];
              if (file) void takeFile(file).catch((error: Error) => (complaint.value = error.message));
              e.currentTarget.value = "";
            }}
          />
        </label>
      </div>
      {mine && (
        <p class="about">
          <b>{mine.id}</b> Policy: {mine.policy}. Escape: {mine.escape}. Mending: {mine.fix}.
        </p>
      )}
      {c !== undefined && <Languages />}
      {program.kind === "shell" ? (
        <Shell />
      ) : program.kind === "elf" ? (
        <p class="about">
          {program.name}: an ELF file of {Math.round((program.base64.length * 3) / 4)} bytes. It runs as it is, in{" "}
          {dropped.value ? `the root directory of ${dropped.value.name}` : "an empty root directory. Drop an archive to give it one"}.
        </p>
      ) : program.kind === "recording" ? (
        <p class="about">
          {program.name}: a run that <code>trapgate record</code> wrote, with all that came into it. It runs once more as it was: its
          options are its own. The tab <i>Time</i> goes through it, forward and back.
        </p>
      ) : program.kind === "root" ? (
        <div class="about">
          <p>{program.name} is the root directory. The program in it:</p>
          <label class="field">
            <span>Path</span>
            <input
              class="wide"
              value={program.path}
              onChange={(e) => change({ program: { ...program, path: e.currentTarget.value.trim() || "/bin/sh" } })}
            />
          </label>
        </div>
      ) : c !== undefined && showsC.value ? (
        <Editor label="C of the program" text={c} problems={NONE} line={line === undefined ? line : lineOfC(text, line)} key="c" />
      ) : (
        <Editor label="Assembly of the program" text={text} problems={problems} line={line} onChange={edit} key="assembly" />
      )}
      <div class="bar small">
        {(program.kind === "source" || program.kind === "guest") && (
          <label class="field">
            <span title="Symbols that the assembler defines: FIXED builds a landmine's mended filter">Symbols</span>
            <input size={8} value={symbols} placeholder="FIXED" onInput={(e) => change({ symbols: e.currentTarget.value })} />
          </label>
        )}
        {program.kind !== "recording" && (
          <label class="field">
            <span>Arguments</span>
            <input
              class={program.kind === "shell" ? "wide" : ""}
              size={8}
              value={args}
              placeholder={program.kind === "shell" ? '-c "ls /demo"' : ""}
              onInput={(e) => change({ args: e.currentTarget.value })}
            />
          </label>
        )}
        {(symbols !== defaults.symbols || args !== "") && (
          <button type="button" class="quiet" onClick={() => change({ symbols: "", args: "" })}>
            Clear
          </button>
        )}
      </div>
      <Mistakes problems={problems} />
    </section>
  );
};

/** The line of the statement before the address to which the door returns. */
const lineOf = (lines: ReadonlyMap<number, number>, before: Readonly<Record<string, bigint>>): number | undefined => {
  const ip = Number(before["rip"] ?? before["eip"] ?? 0n);
  return lines.get(ip - 2);
};
