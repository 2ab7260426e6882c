// Written by libs/proto/src/plugin/protoc-gen-codec.ts. Do not edit.
import type { Codec } from "../../../wire/codec.ts";
/** By the name of the message's type. */
export declare const codecs: ReadonlyMap<string, Codec>;
