// The bytes that an object of each kind is charged for, with all that belongs to it alone: objects, strings and arrays in V8's heap.
// They are about half as much again as what V8 keeps, for V8 lets garbage lie beside what lives. `npm run piles` shows what comes of them.

export const sizes = {
  /** An open file description with its path and, if it has no name, its inode. */
  file: 1280,
  /** A socket, with its queues; one of TCP. */
  socket: 2560,
  connection: 5120,
  /** Both ends of a terminal, with full buffers. */
  terminal: 98_304,
  /** An entry of a descriptor table, and one of a table's places (used or not). */
  descriptor: 64,
  place: 8,
  /** A message in a socket's queue, besides its bytes. */
  message: 768,
  /** A file or directory in memory, besides its pages; a name, besides its bytes. */
  inode: 1536,
  name: 1024,
  /** An extended attribute, besides its name and value. */
  attribute: 512,
  /** A file system in memory; a mount, with its place in the tree. */
  fileSystem: 2048,
  mount: 1536,
  /** A network namespace; any other. */
  netNamespace: 4096,
  namespace: 1024,
  /** A group's number in credentials. */
  group: 16,
  /** A thread with its registers; a process with its limits, signal actions and address space. */
  task: 9216,
  process: 16_384,
  /** A real-time signal that is queued. */
  signal: 1024,
  posixTimer: 768,
  epollItem: 768,
  lock: 320,
  /** A filter and each of its instructions: decoded, compiled, and as V8's code. */
  filter: 24_576,
  instruction: 320,
} as const;
