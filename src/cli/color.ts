// Colour only for a person's terminal: picocolors' own guess also counts continuous integration, whose pipes are read by programs.
import pc from "picocolors";

export const color = pc.createColors(process.stdout.isTTY === true && !process.env["NO_COLOR"]);
