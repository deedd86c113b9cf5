// Text of a guest or of a file on its way to a terminal.

/**
 * The text with control characters as `\x1b`, so that it can neither move a terminal's cursor nor begin a
 * line of its own. `keep`: control characters that stay, for example "\n\t".
 *
 * @example visible("a\nb") // "a\\x0ab"
 */
export const visible = (text: string, keep = ""): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to replace
  text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) =>
    keep.includes(character) ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
