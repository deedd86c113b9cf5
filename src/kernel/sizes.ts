// The bytes that the host keeps for one object of each kind, with all that belongs to it alone: objects, strings and arrays of V8 on a 64-bit
// host, and the free room of its heap that they bring about. `npm run piles` compares them with the memory of the process.

export const sizes = {
  /** An open file description with its path and, if it has no name, its inode. */
  file: 1024,
  /** A socket of any family, with its queues. */
  socket: 2560,
  /** A byte stream, besides whole pages of it. */
  stream: 8192,
  /** Both ends of a terminal: struct termios, line discipline, buffers. */
  terminal: 16_384,
  /** An entry of a descriptor table, and one of a table's places (used or not). */
  descriptor: 64,
  place: 8,
  /** A message in a socket's queue, besides its bytes; */
  message: 448,
  /** A file or directory in memory, besides its pages; a name, besides its bytes. */
  inode: 1024,
  name: 512,
  /** An extended attribute, besides its name and value. */
  attribute: 384,
  /** A file system in memory; a mount, with its place in the tree. */
  fileSystem: 1024,
  mount: 640,
  /** A network namespace; any other. */
  netNamespace: 2048,
  namespace: 384,
  /** A group's number in credentials. */
  group: 16,
  /** A thread with its registers; a process with its limits, signal actions and address space. */
  task: 9216,
  process: 10_240,
  /** A real-time signal that is queued. */
  signal: 320,
  posixTimer: 768,
  epollItem: 512,
  lock: 320,
  /** A filter and each of its instructions: decoded, compiled, and as V8's code. */
  filter: 24_576,
  instruction: 320,
} as const;
