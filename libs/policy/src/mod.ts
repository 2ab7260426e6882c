export * from "./policy.ts";
export { parseQuantity } from "./quantity.ts";
