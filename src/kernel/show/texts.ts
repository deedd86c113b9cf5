// The texts of all structures, by name. Loaded with the first trace.
import { openFlagsText } from "../syscall/arg-file.ts";
import { fileTexts, openHow } from "./file.ts";
import { notifSizesText, notifText, requestText } from "./ioctl.ts";
import { processTexts } from "./process.ts";
import { signalTexts } from "./signal.ts";
import { levelText, optionText, protocolText, socketTexts } from "./socket.ts";
import { timeTexts } from "./time.ts";

/** Texts by the names that argument types use. */
export const texts = {
  ...socketTexts,
  ...timeTexts,
  ...processTexts,
  ...signalTexts,
  ...fileTexts,
  open_how: openHow(openFlagsText),
  /** Names of numbers that depend on another argument. */
  names: { level: levelText, option: optionText, protocol: protocolText, request: requestText },
  notif: { argument: notifText, sizes: notifSizesText },
};
type All = typeof texts;
declare module "../syscall/declaration.ts" {
  interface Texts extends All {}
}
