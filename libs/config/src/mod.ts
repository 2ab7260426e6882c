export { ConfigError, exitOnConfigError, readConfig, type Setting, type Settings } from "./read-config.ts";
export { flag, integer, list, optionalText, text } from "./settings.ts";
