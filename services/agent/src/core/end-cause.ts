/** Why a replica goes, as it announces it: bus.proto, `SlotAnnouncement.end_cause`. Empty: somebody asked for it. */
export type EndCause = "" | "SINGLE_USE" | "START_FAILED" | "STOPPED" | "LOST";

export interface End {
  readonly cause: EndCause;
  /** For a person. */
  readonly reason: string;
}
