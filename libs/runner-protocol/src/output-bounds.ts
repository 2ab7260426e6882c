/** What an attempt may print; a runner sends no more of it. */
export const attemptOutputBytesMax = 1024 * 1024;

/** What all attempts of a runner have printed and the agent has not read yet. */
export const waitingOutputBytesMax = 8 * 1024 * 1024;
