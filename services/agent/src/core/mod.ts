/** How an agent decides, for whoever runs it without an agent around it: a simulation. */
export * from "./slots.ts";
export * from "./accounts.ts";
export * from "./decide-drain.ts";
export * from "./idle-since.ts";
export * from "./told-slots.ts";
