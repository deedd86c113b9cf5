// Where the built lab and its code lie: dist/lab and dist/bundle of the package, seen from src/cli and from
// dist/bundle.
import { fileURLToPath } from "node:url";

/** The page, and the processor's generated code, which the command line has too. */
export interface LabFolders {
  readonly folder: string;
  readonly code: string;
}

const of = (name: string): string => fileURLToPath(new URL(`../../dist/${name}/`, import.meta.url));

/** The paths of both. */
export const labFolders = (): LabFolders => ({ folder: of("lab"), code: of("bundle") });
