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
  /**
   * A request of io_uring, with its view of its task; a completion without a place; a run of provided
   * buffers, and a group of those; a registered buffer; registered credentials.
   */
  uringRequest: 2048,
  completion: 24,
  providedBuffers: 192,
  bufferGroup: 384,
  fixedBuffer: 96,
  personality: 96,
  /** An object of System V IPC, besides its semaphores or messages. */
  ipcObject: 1024,
  /**
   * One of: a semaphore of a set; a message of a queue, without its bytes; a process's undo values of a set,
   * without their bytes.
   */
  semaphore: 64,
  ipcMessage: 384,
  semaphoreUndo: 512,
  /** An instance of userfaultfd(2); a page whose writes it asks for, or that it has poisoned. */
  userfault: 2560,
  uffdPage: 64,
  /** A context of asynchronous I/O without its ring; a poll of it. */
  aioContext: 2048,
  aioRequest: 1024,
  /** A key without its description and payload; a link of a keyring. */
  key: 1024,
  keyLink: 192,
  /** A filter and each of its instructions: decoded, compiled, and as V8's code. */
  filter: 24_576,
  instruction: 320,
  /** A control group with the nodes of its files. */
  cgroup: 16_384,
  /** A Landlock ruleset or domain, each of its rules, and what a further layer adds to a rule. */
  domain: 2048,
  rule: 320,
  ruleLayer: 96,
} as const;
