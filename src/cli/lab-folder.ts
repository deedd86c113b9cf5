// Where the built lab lies: dist/lab of the package, seen from src/cli and from dist/bundle.
import { fileURLToPath } from "node:url";

/** The path of dist/lab. */
export const labFolder = (): string => fileURLToPath(new URL("../../dist/lab/", import.meta.url));
