// Fields that a snapshot does not copy. A handle is an object of the host or the processor: the owner of the
// copy supplies it. A derived field is computed again.

/** By `file:Class`: the names of its handles, and what each is. */
export const handles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "kernel/kernel.ts:Kernel": {
    processor: "the processor",
    _observer: "the observers of the run",
    deadline: "the host's clock",
  },
  "memory/frames.ts:Frames": {
    memory: "the memory of the machine",
    u8: "a view of it",
    view: "a view of it",
    watch: "the processor",
  },
  "kernel/fs/files/stream-file.ts:StreamOutput": { sink: "standard output or error" },
  "kernel/fs/files/stream-file.ts:StreamInode": { _end: "a standard stream" },
  "kernel/fs/files/stream.ts:ByteSource": { _file: "standard input, if it is a file" },
  "machine/tree.ts:GivenBytes": { _bytes: "a file of the options" },
  "machine/tree.ts:SuppliedBytes": { _source: "a file that the owner supplies" },
  "machine/standard-streams.ts:HostConsole": { sink: "the terminal", queue: "its queue" },
  "kernel/fs/types/host-fs.ts:HostFs": { tree: "a directory of the host", linked: "files of the host by node" },
  "kernel/fs/types/host-fs.ts:HostBase": { _host: "a file of the host" },
  "kernel/fs/types/host-fs.ts:HostFsDir": { _host: "a directory of the host" },
  "kernel/fs/types/host-fs.ts:HostFsLink": { _host: "a link of the host" },
};

/** By `file:Class`: fields that are computed again. */
export const derived: Readonly<Record<string, readonly string[]>> = {
  "kernel/entry/gate.ts:Gate": ["_tables", "_native", "_x32"],
  "seccomp/filter.ts:Filter": ["_writeWords", "_run", "_special64", "_special32"],
};
