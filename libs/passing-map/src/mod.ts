export { NumberedMap } from "./numbered-map.ts";
export { PassingMap } from "./passing-map.ts";
