/** How an agent decides, for whoever runs it without an agent around it: a simulation. */
export * from "./slots.ts";
