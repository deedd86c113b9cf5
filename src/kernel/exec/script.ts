// `#!` lines. Linux fs/binfmt_script.c load_script(), with BINPRM_BUF_SIZE 256.
export interface Script { readonly interpreter: string; readonly argument?: string }

/** `head`: the first 256 bytes of the file, zero-filled beyond its end. undefined: not a script, or ENOEXEC. */
export const parseScript = (head: Uint8Array): Script | undefined => { throw new Error(`not yet ${head}`); };
