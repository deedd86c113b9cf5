// Fields that a snapshot does not copy. A handle is an object of the host or the processor. Other fields are
// computed again.

/** A field with an object of the host or of the processor. */
export interface Handle {
  /**
   * `supplied`: the machine of the copy has its own. `shared`: copies share the object, which does not
   * change.
   * `keys`: a map whose keys are shared. `dropped`: a copy has none. `refused`: no copy is possible, unless
   * the object is the standard stream or terminal of a machine.
   */
  readonly as: "supplied" | "shared" | "keys" | "dropped" | "refused";
  readonly what: string;
  /** Advice for the owner of a machine that has no snapshot for this reason. */
  readonly help?: string;
}

const supplied = (what: string): Handle => ({ as: "supplied", what });
const shared = (what: string): Handle => ({ as: "shared", what });
const refused = (what: string, help?: string): Handle => ({ as: "refused", what, ...(help === undefined ? {} : { help }) });

const stream = refused("a standard stream belongs to another machine");
const keys: Handle = { as: "keys", what: "files of the host by node" };
const file = shared("a file of the host");
const upper = shared("the store of an overlay");

/** By `file:Class`: its handles by field. */
export const handles: Readonly<Record<string, Readonly<Record<string, Handle>>>> = {
  "kernel/core/kernel.ts:Kernel": {
    processor: supplied("the processor"),
    observer: supplied("the observers of the run"),
    deadline: supplied("the host's clock"),
  },
  "memory/frames.ts:Frames": {
    memory: supplied("the memory of the machine"),
    u8: supplied("a view of it"),
    view: supplied("a view of it"),
    watch: supplied("the processor"),
    _refs: supplied("a table of all frames"),
    _next: supplied("a table of all frames"),
    _state: supplied("a table of all frames"),
    _areas: supplied("a table of all frames"),
    _everTouched: supplied("a table of all frames"),
    tracking: supplied("frames written since a snapshot"),
  },
  "machine/schedule.ts:Follower": { onDeparture: supplied("the observers of the run") },
  "kernel/fs/files/stream-file.ts:StreamOutput": { sink: stream },
  "kernel/fs/files/stream-file.ts:StreamInode": { _end: stream },
  "kernel/fs/files/stream.ts:ByteSource": {
    _file: refused("standard input is a file of the host", "give the input as bytes"),
  },
  "machine/tree.ts:GivenBytes": { _bytes: shared("a file of the options") },
  "machine/tree.ts:SuppliedBytes": { _source: shared("a file that the owner supplies") },
  "machine/standard-streams.ts:HostConsole": { sink: stream, queue: stream },
  "kernel/fs/types/host-fs.ts:HostFs": {
    tree: shared("a directory of the host"),
    linked: keys,
  },
  "kernel/fs/types/host-fs.ts:HostBase": { _host: file },
  "kernel/fs/types/host-fs.ts:HostFsDir": { _host: shared("a directory of the host") },
  "kernel/fs/types/host-fs.ts:HostFsLink": { _host: shared("a link of the host") },
  "kernel/fs/types/host-rw.ts:HostRwFs": { _inodes: keys },
  "kernel/fs/types/host-rw.ts:HostRwFile": { host: file },
  "kernel/fs/types/host-rw.ts:HostRwNode": { host: file },
  "kernel/fs/types/overlay-fs.ts:HostOverlayFs": { store: upper, _lower: shared("a directory of the host"), _linked: keys },
  "kernel/fs/types/overlay-fs.ts:UpperPlace": { node: file },
  "kernel/fs/types/overlay-inodes.ts:HostOverlayDir": { lower: file },
  "kernel/fs/types/overlay-content.ts:OverlayContent": { _store: upper },
  "kernel/net/outside/uplink.ts:Uplink": {
    network: shared("the network of the host"),
    _link: { as: "dropped", what: "an open network of the host" },
  },
  "kernel/net/outside/bridge.ts:Bridge": { _link: { as: "dropped", what: "an open network of the host" } },
};

/** By `file:Class`: fields that are computed again. */
export const derived: Readonly<Record<string, readonly string[]>> = {
  "kernel/entry/gate.ts:Gate": ["_tables", "_native", "_x32"],
  "seccomp/filter.ts:Filter": ["_writeWords", "_run", "_special64", "_special32"],
};
