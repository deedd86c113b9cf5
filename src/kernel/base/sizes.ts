// The bytes that each kind of object is charged for, including everything that it owns alone: objects,
// strings and arrays in V8's heap. The figures are about 1.5 times the live size, because V8 keeps garbage
// beside live objects. `npm run piles` shows the effect.

/** Bytes by kind of object. */
export const sizes = {
  /** An open file description with its path and, if it has no name, its inode. */
  file: 1280,
  /** A socket, with its queues; a Unix socket, with what it has in flight; one of TCP. */
  socket: 2560,
  unixSocket: 3840,
  connection: 5120,
  /** A multicast group that a socket has joined; a source that it names. */
  membership: 512,
  source: 64,
  /** A socket of the host for a connection outside, with its buffers; one for packets. */
  hostConnection: 163_840,
  hostDatagrams: 262_144,
  /** Both ends of a terminal, with full buffers. */
  terminal: 98_304,
  /** An entry of a descriptor table, and a slot of the table (used or not). */
  descriptor: 64,
  place: 8,
  /** The filter of a socket, without its instructions. */
  packetFilter: 512,
  /** A message in a socket's queue, without its bytes. */
  message: 768,
  /** A file or directory in memory without its pages, and a name without its bytes. */
  inode: 1536,
  name: 1024,
  /** An extended attribute without its name and value. */
  attribute: 512,
  /** A file system in memory, and a mount with its node in the tree. */
  fileSystem: 2048,
  mount: 1792,
  /** A network namespace, and a setting of /proc/sys that is written in it; any other namespace. */
  netNamespace: 8192,
  setting: 384,
  namespace: 1024,
  /** A supplementary group in credentials. */
  group: 16,
  /** A thread with its registers; a process with its limits, signal actions and address space. */
  task: 9216,
  process: 16_384,
  /** A queued real-time signal. */
  signal: 1024,
  posixTimer: 768,
  epollItem: 768,
  /** A file that its handle leads to. */
  handle: 256,
  /** A watch of an inode; an event that waits, besides the bytes of its name. */
  watch: 768,
  fileEvent: 256,
  lock: 384,
  /** A filter and each of its instructions: decoded, compiled, and as V8's code. */
  filter: 24_576,
  instruction: 320,
  /** A control group with the nodes of its files. */
  cgroup: 16_384,
  /** A program for devices of a control group, without its instructions. */
  deviceProgram: 2048,
} as const;
