// The mark that stands for ESC in colours of this program until text is written. It has a part that no text
// can know, so that a stranger's text cannot have colours.

/** A character of private use, and a number of this process. */
export const INK = `\ue000${Math.random().toString(36).slice(2)}\ue001`;
