import { describe, expect, it } from "vitest";
import { Accounts } from "../src/core/accounts.ts";

const accountsOf = (bytesMax = 100): Accounts<string, string> => new Accounts({ bytesMax });

describe("what a router that was taken over is owed", () => {
  it("is its successor's", () => {
    const accounts = accountsOf();
    accounts.oweEnd("first", 1, "end of a", 1);
    accounts.oweCall("first", "c", "call of c", 1);
    accounts.adopt("first", "second");
    expect(accounts.arrived("second")).toEqual({ ends: ["end of a"], calls: ["call of c"] });
    accounts.acknowledge("second", 1);
    accounts.settleCall("second", "c");
    expect([accounts.unacknowledged, accounts.keptBytes]).toEqual([0, 0]);
  });

  it("is not lost when a router says that it took over from itself", () => {
    const accounts = accountsOf();
    accounts.oweEnd("first", 1, "end of a", 1);
    accounts.adopt("first", "first");
    expect([accounts.arrived("first").ends, accounts.isSuperseded("first")]).toEqual([["end of a"], false]);
  });

  it("goes on to who takes over from that one", () => {
    const accounts = accountsOf();
    accounts.oweEnd("first", 1, "end of a", 1);
    accounts.adopt("first", "second");
    accounts.adopt("first", "second");
    accounts.adopt("second", "third");
    expect(accounts.arrived("third").ends).toEqual(["end of a"]);
    expect(["first", "second", "third"].map((id) => accounts.isSuperseded(id))).toEqual([true, true, false]);
  });
});

describe("what a router is owed", () => {
  it("is told again on every new stream until it is settled, the oldest first", () => {
    const accounts = accountsOf();
    accounts.oweEnd("r", 1, "end of a", 1);
    accounts.oweEnd("r", 2, "end of b", 1);
    accounts.oweCall("r", "c", "call of c", 1);
    const all = { ends: ["end of a", "end of b"], calls: ["call of c"] };
    expect([accounts.arrived("r"), accounts.arrived("r")]).toEqual([all, all]);
    accounts.acknowledge("r", 1);
    accounts.settleCall("r", "c");
    expect(accounts.arrived("r")).toEqual({ ends: ["end of b"], calls: [] });
  });

  it("is nobody else's", () => {
    const accounts = accountsOf();
    accounts.oweEnd("r", 1, "end", 1);
    accounts.acknowledge("other", 1);
    expect(accounts.arrived("other")).toEqual({ ends: [], calls: [] });
    expect(accounts.unacknowledged).toBe(1);
  });

  it("outlives the router's absence", () => {
    const accounts = accountsOf();
    accounts.arrived("r");
    accounts.oweEnd("r", 1, "end", 1);
    accounts.left("r");
    expect(accounts.arrived("r").ends).toEqual(["end"]);
  });

  it("is counted in bytes until it is settled, once however often it is said or settled", () => {
    const accounts = accountsOf();
    accounts.oweEnd("r", 1, "end", 30);
    accounts.oweEnd("r", 1, "end again", 40);
    accounts.oweCall("r", "c", "call", 5);
    expect(accounts.keptBytes).toBe(45);
    accounts.acknowledge("r", 1);
    accounts.acknowledge("r", 1);
    accounts.settleCall("r", "c");
    accounts.settleCall("r", "never owed");
    expect([accounts.keptBytes, accounts.unacknowledged]).toEqual([0, 0]);
  });
});

describe("over the bound of bytes", () => {
  it("the oldest ends of routers that are away are given up, and it is said whose", () => {
    const accounts = accountsOf();
    accounts.oweEnd("away", 1, "oldest", 60);
    expect(accounts.oweEnd("away", 2, "newer", 60)).toEqual(["away"]);
    expect([accounts.arrived("away").ends, accounts.keptBytes]).toEqual([["newer"], 60]);
  });

  it("child calls count", () => {
    const accounts = accountsOf();
    accounts.oweEnd("away", 1, "end", 60);
    expect(accounts.oweCall("here", "c", "call", 60)).toEqual(["away"]);
  });

  it("nothing is given up of a router that is here, until it leaves", () => {
    const accounts = accountsOf();
    accounts.arrived("r");
    expect(accounts.oweEnd("r", 1, "end", 101)).toEqual([]);
    expect(accounts.left("r")).toEqual(["r"]);
    expect(accounts.unacknowledged).toBe(0);
  });
});
