import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from "@opentelemetry/sdk-trace";

/**
 * The sampler that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG name, which the SDK's provider does not read by itself
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Everything below a sampled parent and
 * every new trace, when they name none or one that is not known.
 */
export function samplerFrom(variables: NodeJS.ProcessEnv): Sampler {
  const [name = "", argument] = [variables["OTEL_TRACES_SAMPLER"], variables["OTEL_TRACES_SAMPLER_ARG"]];
  const root = rootSampler(name.replace(/^parentbased_/, ""), readRatio(argument));
  const isKnown = root !== undefined;
  return isKnown && !name.startsWith("parentbased_")
    ? root
    : new ParentBasedSampler({ root: root ?? new AlwaysOnSampler() });
}

function rootSampler(name: string, ratio: number): Sampler | undefined {
  switch (name) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
    default:
      return undefined;
  }
}

/** From 0 to 1; anything else counts as 1, as the standard has it. */
function readRatio(text = ""): number {
  const ratio = Number(text);
  return text.trim() !== "" && ratio >= 0 && ratio <= 1 ? ratio : 1;
}
