// The kinds of users' mistakes: each row has a code, an exit status and an explanation. `new Problem` takes
// the name of a row. Messages show the code; `trapgate explain CODE` and docs/reference/messages.md show the
// text. A code is never reused.

/** A row of the table. */
interface ProblemRow {
  /** TG and four digits. The first two are the group. */
  readonly code: `TG${number}`;
  /** The kind in a few words, as a heading. */
  readonly title: string;
  /** The reason for the message, and the remedy. */
  readonly text: string;
  /**
   * Exit status of the command line, if not 125. As in shells: 127 not found, 126 found but not executable;
   * as timeout(1) has it: 124 no end in time.
   */
  readonly status?: 124 | 126 | 127;
  /** Arguments of `trapgate` for which it has this message. `PROG` is a program that runs. */
  readonly example?: readonly string[];
}

/** Groups of codes by their first two digits. */
export const problemGroups: Readonly<Record<string, string>> = {
  "01": "Command line",
  "02": "Options of the library",
  "03": "Programs",
  "04": "Policies and filters",
  "05": "Machines",
  "06": "Schedules and properties",
  "07": "Assembly",
  "08": "Tests",
  "09": "The host",
};

/** All kinds of messages: code, title, exit status, explanation. */
export const problemTable = {
  usage: {
    code: "TG0100",
    title: "wrong use",
    text: "Arguments or options do not fit together. `trapgate COMMAND --help` lists them.",
  },
  "unknown-command": {
    code: "TG0101",
    title: "unknown command",
    text: "The first word after `trapgate` must be a command. `trapgate --help` lists all commands.",
    example: ["rnu", "PROG"],
  },
  "unknown-option": {
    code: "TG0102",
    title: "unknown option",
    text: "Options stand after the command and before PROG. `trapgate COMMAND --help` lists them. Words after PROG belong to the program. `--` ends the options.",
    example: ["run", "--kernal", "v6", "PROG"],
  },
  "missing-value": {
    code: "TG0103",
    title: "an option without its value",
    text: "The option needs a value. A value that starts with a dash is written with `=`: `--env=-x=1`.",
    example: ["run", "--root"],
  },
  "bad-value": {
    code: "TG0104",
    title: "a value of the wrong form",
    text: "The option has a value that it cannot read, such as a word instead of a number. The message has the form that is needed.",
    example: ["run", "--memory", "much", "PROG"],
  },
  "unknown-name": {
    code: "TG0105",
    title: "unknown name",
    text: "The value must be one of a list of names. `trapgate profiles` lists kernels, `trapgate models` processors, `trapgate syscalls` system calls.",
    example: ["run", "--engine", "jti", "PROG"],
  },
  "missing-argument": {
    code: "TG0106",
    title: "missing argument",
    text: "The command needs a program, a file or another argument that is not there. `trapgate COMMAND --help` has its form.",
    example: ["run"],
  },
  "extra-argument": {
    code: "TG0107",
    title: "too many arguments",
    text: "The command takes fewer arguments. `trapgate COMMAND --help` has its form. Text with blanks must be quoted.",
    example: ["profiles", "v6", "v7"],
  },
  "unknown-property": {
    code: "TG0201",
    title: "unknown option of the library",
    text: "The object of options has a member that no function reads. Options of a machine belong to `new Machine(…)`, those of a program to `run(…)`; `Machine.run` takes both.",
  },
  "bad-property-value": {
    code: "TG0202",
    title: "an option of the library with a wrong value",
    text: "The message has the option, the value and the requirement. The types of TypeScript find most of these mistakes earlier.",
  },
  "not-found": {
    code: "TG0301",
    title: "program or file not found",
    text: "Without `--root`, PROG is a file of the host. With `--root`, PROG is looked up inside of that folder, a name without a slash in the folders of PATH.",
    status: 127,
    example: ["run", "/no/such/program"],
  },
  "no-interpreter": {
    code: "TG0302",
    title: "interpreter not found",
    text: 'A dynamic program names its loader (such as /lib64/ld-linux-x86-64.so.2), a script its interpreter after `#!`. The guest needs that file and the libraries: `--root /` shows the root of the host, in the library `root: hostTree("/")`.',
    status: 127,
  },
  "not-executable": {
    code: "TG0303",
    title: "file cannot be executed",
    text: "The file is a directory, a device or a pipe, or has no execute permission. `chmod +x FILE` gives it one.",
    status: 126,
    example: ["run", "/"],
  },
  "not-an-elf": {
    code: "TG0304",
    title: "not a program",
    text: "A program is an ELF file, or a text that starts with `#!`.",
    status: 126,
  },
  "wrong-machine": {
    code: "TG0305",
    title: "a program for another processor",
    text: "The ELF file is for another processor than x86 and x86-64, or for an ABI that the kernel does not have. `--x32` adds the ABI x32.",
    status: 126,
  },
  "broken-elf": {
    code: "TG0306",
    title: "a damaged program",
    text: "The ELF file is truncated, is an object file or a core dump, or has headers that Linux refuses.",
    status: 126,
  },
  "no-memory": {
    code: "TG0307",
    title: "a program that needs more memory",
    text: "The program does not fit into the guest's memory. `--memory 2G` gives more.",
    status: 126,
  },
  "long-arguments": {
    code: "TG0308",
    title: "argument list too long",
    text: "Arguments and environment exceed the limit of execve(2): a quarter of the stack's limit.",
  },
  "bad-policy": {
    code: "TG0400",
    title: "a mistake in a policy",
    text: "The policy has a mistake at the place that the message shows. docs/policies.md lists the formats.",
  },
  "policy-syntax": {
    code: "TG0401",
    title: "a syntax error in a policy",
    text: "The text is not of the format in which it is read. The format is detected from the content; `--format NAME` chooses another one.",
  },
  "policy-value": {
    code: "TG0402",
    title: "a wrong value in a policy",
    text: "A member of the JSON or YAML document is missing, or has a value that the format does not allow.",
  },
  "policy-call": {
    code: "TG0403",
    title: "unknown system call in a policy",
    text: "No x86 or x86-64 ABI of the policy has a system call of this name. `trapgate syscalls NAME` shows numbers and ABIs.",
  },
  "policy-name": {
    code: "TG0404",
    title: "unknown name in a policy",
    text: "An action, error, constant or policy of this name is not known in this format.",
  },
  "not-bpf": {
    code: "TG0405",
    title: "not a list of BPF instructions",
    text: "A raw filter is an array of struct sock_filter: 8 bytes each. ELF files, C sources and policies have other formats. `--policy` takes raw filters and filter text.",
  },
  "refused-filter": {
    code: "TG0406",
    title: "a filter that the kernel refuses",
    text: "seccomp(2) would fail with EINVAL for this filter. `trapgate seccomp check FILE` shows the instruction and the rule.",
  },
  "policy-kept-out": {
    code: "TG0407",
    title: "a part of a format that is not read",
    text: "The format allows this, and trapgate does not read it. docs/policies.md lists the parts that are not read. The policy is refused, because without the part it would be another one.",
  },
  "not-writable": {
    code: "TG0408",
    title: "a meaning without a filter",
    text: "No filter of at most 4096 instructions was found for this meaning.",
  },
  "bad-call": {
    code: "TG0409",
    title: "not a system call",
    text: "A call is written as in `openat`, `i386.socketcall(1)`, `x64.1000`, `-1`. Arguments are numbers.",
    example: ["seccomp", "explain", "FILTER", "opnat"],
  },
  "bad-mount": {
    code: "TG0501",
    title: "a folder that cannot be mounted",
    text: "The folder of the host does not exist, or its place in the guest cannot be made. A mount with the mode rw needs a writable tree.",
    example: ["run", "--mount", "/no/such:/mnt", "PROG"],
  },
  "memory-size": {
    code: "TG0502",
    title: "a machine with too little or too much memory",
    text: "A machine has between 1 MiB and 3.75 GiB.",
    example: ["run", "--memory", "1K", "PROG"],
  },
  "bad-image": {
    code: "TG0503",
    title: "an image that cannot be the root",
    text: "An image is an archive of `docker save`, an OCI layout (an archive or a directory), or a tar archive of a root directory, with gzip, zstd or no compression. It must not lead out of itself, and `--image-size` limits its size.",
    example: ["run", "--image", "/no/such"],
  },
  "bad-overlay": {
    code: "TG0504",
    title: "a folder that cannot keep changes",
    text: "The folder of `--overlay` is in use by another run, is not one that trapgate has made, is damaged, or cannot be written.",
    example: ["run", "--overlay", "/no/such/folder", "PROG"],
  },
  "no-snapshot": {
    code: "TG0505",
    title: "a machine without a snapshot",
    text: "A snapshot copies all of a machine. Some objects belong to the host, and a copy that runs ahead must not use them: a mount of the mode `rw`, an overlay, a network. A snapshot is possible between two runs of a machine, not while one of its hooks is called.",
  },
  "bad-moment": {
    code: "TG0506",
    title: "a moment that a run does not have",
    text: "A moment is INSTRUCTIONS:STEPS: instructions since boot, and transitions of the kernel since the last of them, as `moment` of a snapshot has it, or the name of a call, output, or the like. It must not be over, and a moment of another program is none of this run.",
  },
  "foreign-snapshot": {
    code: "TG0507",
    title: "a snapshot of another machine",
    text: "A machine can be taken back to a snapshot of itself or of a copy. A file of a snapshot belongs to one build of trapgate. `fork` makes a machine of any snapshot.",
  },
  started: {
    code: "TG0508",
    title: "a program that has or has not been started",
    text: "A machine runs one program: by `run` to its end, or by `start`, `runUntil` and `finish` in steps.",
  },
  "bad-snapshot": {
    code: "TG0509",
    title: "a file that is no snapshot",
    text: "The file is damaged, is cut off, or is none that `Snapshot.bytes` or `run --snapshot` has written.",
  },
  "changed-files": {
    code: "TG0510",
    title: "a snapshot that needs parts of the host",
    text: "A snapshot uses parts of the host: a root, mounts, an overlay, a network, a terminal. They are given again when it is opened, and must be as they were; no copy has connections with the outside world. The message names the option that allows a difference.",
  },
  "bad-recording": {
    code: "TG0511",
    title: "a recording that cannot be replayed",
    text: "The file is damaged, or is none that `trapgate record` has written; or the program asks the host what it did not ask when it was recorded, because another build replays it or a debugger has changed the run.",
    example: ["replay", "README.md"],
  },
  "bad-schedule": {
    code: "TG0601",
    title: "a schedule that does not fit",
    text: "A schedule is a list of points and tasks, as `trapgate explore` prints it. It holds for one program with one set of arguments, options and seed.",
    example: ["run", "--schedule", "soon", "PROG"],
  },
  "bad-property": {
    code: "TG0602",
    title: "a property that cannot be read",
    text: "`--never` takes a call: [ABI:]NAME[(ARGUMENTS)][@TASK].",
    example: ["explore", "--never", "opnat", "PROG"],
  },
  "bad-assembly": {
    code: "TG0701",
    title: "a mistake in assembly",
    text: "The line is no statement in Intel syntax, or no processor has this instruction with these operands.",
    example: ["explain", "movv eax, 1"],
  },
  "no-subject": {
    code: "TG0801",
    title: "a matcher with the wrong value",
    text: "Matchers of `trapgate/vitest` take the result of a run, of `explore`, or a policy. A promise must be awaited first: `expect(await Machine.run(…))`.",
  },
  "no-trace": {
    code: "TG0802",
    title: "a run without a trace",
    text: "`toTrace` reads `run.trace`, which is empty unless the run has the option `trace: true`.",
  },
  "not-compiled": {
    code: "TG0803",
    title: "a guest that does not compile",
    text: "`guest(FILE)` calls the C compiler of the host. The message has the compiler's own messages.",
  },
  "not-prepared": {
    code: "TG0804",
    title: "a program that did not come to its moment",
    text: "`prepared` starts a program and runs it until a condition holds: by default, until it waits for its input. The program ended before, or waits for an event that no test gives it.",
  },
  host: {
    code: "TG0900",
    title: "the host cannot do it",
    text: "The host lacks memory, a kernel or a permission.",
  },
  "cannot-read": {
    code: "TG0901",
    title: "a file that cannot be read",
    text: "The file does not exist, is a directory, or has no read permission.",
    example: ["asm", "/no/such/file"],
  },
  "cannot-write": {
    code: "TG0902",
    title: "a file that cannot be written",
    text: "The folder does not exist, or has no write permission.",
    example: ["trace", "-o", "/no/such/file", "PROG"],
  },
  "bad-port": {
    code: "TG0903",
    title: "a port that cannot be published",
    text: "The port of the host is in use, needs more rights (ports below 1024), or its address is not one of the host. Port 0 stands for a free one, which is printed.",
    example: ["run", "--publish", "203.0.113.1:8080:80", "PROG"],
  },
  "time-limit": {
    code: "TG0904",
    title: "no end within the time limit",
    text: "The input was not read and answered within the time of `--timeout`, or the time that commands have by default. The input can be hostile: a short text can ask for endless work. `--timeout SECONDS` gives more.",
    status: 124,
  },
  "memory-limit": {
    code: "TG0905",
    title: "an input that is too large",
    text: "The input, or its meaning, needs more memory than `--memory` allows, or than commands have by default. A policy of a few lines can have a meaning of millions of nodes. `--memory SIZE` gives more.",
  },
} as const satisfies Readonly<Record<string, ProblemRow>>;

/** The kind of a mistake: the name of a row. */
export type ProblemKind = keyof typeof problemTable;
/** TG0101 and so on. */
export type ProblemCode = (typeof problemTable)[ProblemKind]["code"];

/** The row of a kind. */
export const problemRow = (kind: ProblemKind): ProblemRow => problemTable[kind];
/** The kind with a code, in any case; undefined if there is none. */
export const kindOfCode = (code: string): ProblemKind | undefined =>
  (Object.keys(problemTable) as ProblemKind[]).find((kind) => problemTable[kind].code === code.toUpperCase());
