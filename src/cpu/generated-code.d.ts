// The generated code before its build: types are complete after `npm ci` alone. TypeScript looks here only
// while generated/code.ts does not exist.
declare module "*/generated/code.ts" {
  /** Handlers and routines, by tools/generate.ts. */
  export const generated: import("./code.ts").Generated;
}
