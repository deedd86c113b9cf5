// What O_PATH opens: a place in the tree, without the file behind it. man 2 open, O_PATH.
import { FileDescription } from "./file.ts";

export class PathFile extends FileDescription {}
