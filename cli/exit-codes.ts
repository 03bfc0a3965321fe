/**
 * How the command ends, as docs/command-line.md has it. Commands that judge end with 1 for what they have judged alone: see
 * {@link ./judging-command.ts}.
 */
export const exitCodes = {
  failed: 1,
  /** A command that judges could not, such as where a service did not answer. */
  notJudged: 2,
  usage: 3,
  configuration: 4,
  /** stdout takes no more, such as on a full disk (EX_IOERR of sysexits.h). */
  unwritten: 74,
  /** A process that SIGPIPE ends, as shells count it. */
  brokenPipe: 141,
} as const;
