// The file description of O_PATH: a position in the file tree without access to the file. man 2 open, O_PATH.
import { FileDescription } from "./file.ts";

/** Reads, writes and ioctls through its descriptors are -EBADF. */
export class PathFile extends FileDescription {}
