export * from "./policy.ts";
export { parseQuantity } from "./quantity.ts";
export * from "./retry-policy.ts";
