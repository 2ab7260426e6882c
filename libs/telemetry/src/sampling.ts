/** Where in a trace id the digits are that decide, the first ones of its last 56 bits, and how many numbers they can say. */
export const decisiveDigits = [18, 24] as const;
export const decisiveMax = 2 ** 24;

/**
 * Which traces are sampled. By a ratio that is those whose last 56 bits are at or above a threshold, as OpenTelemetry's
 * consistent sampling has it (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/), so that every
 * process decides alike.
 */
export interface Sampling {
  /** Whether a trace that is continued is sampled when its parent is. */
  readonly followsParents: boolean;
  /** Traces whose decisive digits are below this are not sampled. */
  readonly threshold: number;
}

/**
 * The sampling that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG ask for
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Everything below a sampled parent and
 * every new trace, when they name none or one that is not known.
 */
export function samplingFrom(variables: NodeJS.ProcessEnv): Sampling {
  const [name = "", argument] = [variables["OTEL_TRACES_SAMPLER"], variables["OTEL_TRACES_SAMPLER_ARG"]];
  const ratio = rootRatio(name.replace(/^parentbased_/, ""), readRatio(argument));
  const followsParents = ratio === undefined || name.startsWith("parentbased_");
  return { followsParents, threshold: Math.round((1 - (ratio ?? 1)) * decisiveMax) };
}

function rootRatio(name: string, ratio: number): number | undefined {
  switch (name) {
    case "always_on":
      return 1;
    case "always_off":
      return 0;
    case "traceidratio":
      return ratio;
    default:
      return undefined;
  }
}

/** From 0 to 1; anything else counts as 1, as the standard has it. */
function readRatio(text = ""): number {
  const ratio = Number(text);
  return text.trim() !== "" && ratio >= 0 && ratio <= 1 ? ratio : 1;
}
