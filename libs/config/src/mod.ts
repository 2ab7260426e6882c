export { configure } from "./configure.ts";
export { onStopSignal } from "./on-stop-signal.ts";
export { ConfigError, readConfig, type Setting, type Settings } from "./read-config.ts";
export { flag, integer, list, optionalText, text } from "./settings.ts";
