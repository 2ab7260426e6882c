import { describe, expect, it } from "vitest";
import { flag, integer, list, optionalText, readConfig, text, type Settings } from "../src/mod.ts";

interface Config {
  readonly url: string;
  readonly port: number;
  readonly verbose: boolean;
  readonly peers: readonly string[];
  readonly database: string | undefined;
}

const settings: Settings<Config> = {
  url: text("URL", "where"),
  port: integer("PORT", "port; default 80", { min: 0, max: 65_535, fallback: 80 }),
  verbose: flag("VERBOSE", "say more", false),
  peers: list("PEERS", "others"),
  database: optionalText("DATABASE", "where data is"),
};

describe("reading the configuration", () => {
  it("takes what is set and the defaults for the rest", () =>
    expect(readConfig(settings, { URL: "u", PEERS: "a, b" })).toEqual({
      ...{ url: "u", port: 80, verbose: false, peers: ["a", "b"], database: undefined },
    }));
  it("takes an empty variable as one that is not set", () =>
    expect(readConfig(settings, { URL: "u", PORT: "" }).port).toBe(80));
  it("names everything that is wrong at once", () => {
    const read = (): Config => readConfig(settings, { PORT: "70000", VERBOSE: "yes" });
    expect(read).toThrow(/URL: must be set/);
    expect(read).toThrow(/PORT: "70000" is not a whole number from 0 to 65535/);
    expect(read).toThrow(/VERBOSE: "yes" is neither true nor false/);
  });
  it("refuses a number that is not whole", () =>
    expect(() => readConfig(settings, { URL: "u", PORT: "1.5" })).toThrow(/PORT/));
});
