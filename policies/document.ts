import { z } from 'zod';
import { durationPattern } from '../domain/duration.ts';
import { scopeOf } from '../domain/target-schema.ts';
import { scopeMemberName } from '../domain/target-scope.ts';
import { identifierFault } from '../domain/text-fault.ts';

/** What a policy file and a directory file may say; `policy.schema.json` and `directory.schema.json` are made from it. */

const name = (what: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/@-]{0,99}$/)
    .meta({ description: what });
/** A group under the name that an identity provider gives it: `/ops`, `Cloud Ops`, an LDAP DN. */
export const groupName = (what: string) =>
  z
    .string()
    .min(1)
    .max(500)
    .refine((text) => identifierFault(text) === null && text === text.trim(), {
      error: 'must be text without blanks around it and without characters that cannot be seen',
    })
    .meta({ description: what });
const duration = (what: string) =>
  z
    .string()
    .regex(durationPattern)
    .meta({ description: `${what} A number and s, m, h or d: 30m, 24h, 7d.` });
const pattern = (what: string) =>
  z
    .array(z.string().min(1).max(200))
    .min(1)
    .meta({ description: `${what} Any one has to match; * stands for any text, ? for one character.` });
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

const person = z
  .strictObject({
    issuer: z.string().min(1).max(500).meta({ description: "The token's iss." }),
    subject: z.string().min(1).max(500).meta({ description: "The token's sub." }),
  })
  .meta({ description: 'One person.' });

const members = z.array(person).min(1).max(10_000);

const source = z
  .discriminatedUnion('source', [
    z.strictObject({ source: z.literal('token') }),
    z.strictObject({ source: z.literal('directory') }),
    z.strictObject({ source: z.literal('members'), members }),
  ])
  .meta({ description: "Where a group's members are known from." });

const window = z
  .strictObject({
    cron: z.string().meta({ description: 'When it opens: five fields of cron, in local time.' }),
    durationMinutes: z.int().min(1).max(10_080),
    timeZone: z.string().meta({ description: 'An IANA time zone, such as Asia/Shanghai.' }),
    holidays: z.array(day).max(400).default([]),
  })
  .meta({ description: 'A time that comes again and again.' });

const seats = z
  .strictObject({
    group: groupName('Whose members may fill the seats.').optional(),
    anyApprover: z
      .literal(true)
      .optional()
      .meta({ description: 'Instead of a group: everybody with the role approver.' }),
    threshold: z.int().min(1).max(1000).meta({ description: 'How many distinct people.' }),
  })
  .meta({ description: 'Seats of a stage: either of a group, or of any approver.' });

const match = z
  .strictObject({
    operation: pattern('The operation.').optional(),
    scope: scopeOf(pattern("A member of the target's scope."))
      .meta({ description: "Members that the target's scope must have." })
      .optional(),
    region: pattern('Short for regionId of scope.').optional(),
    instance: pattern('Short for mqttInstanceId of scope.').optional(),
    requesterGroup: z.array(groupName('A group of requesters.')).min(1).optional(),
    time: z.array(window).min(1).optional(),
  })
  .meta({
    description: 'Which changes the policy is for; all that is said has to hold. Empty: every change.',
  });

/** A system's name, as COUNTERSIGN_INTEGRATIONS has it. */
const systemName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);
const accountPart = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => identifierFault(text) === null && text === text.trim(), {
    error: 'must be text without blanks around it and without characters that cannot be seen',
  });

const account = z
  .strictObject({
    system: systemName.meta({ description: "The system's name in COUNTERSIGN_INTEGRATIONS." }),
    team: accountPart.optional().meta({ description: 'Of a Slack account: the workspace.' }),
    corp: accountPart.optional().meta({ description: 'Of a DingTalk account: the company.' }),
    user: accountPart.meta({ description: "The user's id there; never a name or an address." }),
  })
  .refine(({ team, corp }) => team === undefined || corp === undefined, {
    error: 'must have team or corp, not both',
  })
  .meta({ description: 'An account in another system.' });

const channel = z
  .union([
    systemName,
    z.strictObject({ name: systemName, mode: z.enum(['decide', 'reject_only']).default('decide') }),
  ])
  .meta({
    description: 'A system in which people may decide; reject_only: an approval there does not count.',
  });

/** A name that a ticket system gives something: a project, a type, a state, a field. */
const ticketName = (what: string) => z.string().min(1).max(100).meta({ description: what });
const ticketNames = (what: string) => z.array(ticketName(what)).min(1).max(50);

const ticket = z
  .strictObject({
    system: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/)
      .meta({ description: 'The system, as COUNTERSIGN_INTEGRATIONS names it.' }),
    required: z.boolean().default(true).meta({ description: 'Whether a change has to name a ticket.' }),
    projects: ticketNames('A project that it may be in.').optional(),
    table: ticketName('The table that it has to be in: short for one project.').optional(),
    types: ticketNames('A type that it may have.').optional(),
    states: ticketNames('A state that it may be in; closed ones never count.').optional(),
    sameTarget: z
      .union([
        ticketName("The field that has the target's id."),
        z.strictObject({
          field: ticketName('The field that names the target.'),
          member: z.string().regex(scopeMemberName).meta({
            description: "The member of the target's scope that it has, instead of the whole id.",
          }),
        }),
      ])
      .optional(),
    window: z
      .strictObject({
        start: ticketName('The field with the planned start.'),
        end: ticketName('The field with the planned end.'),
      })
      .optional()
      .meta({ description: 'When it may run, by the ticket. Two times with a zone.' }),
    approved: z
      .boolean()
      .default(false)
      .meta({ description: "Whether the system's own approval is needed." }),
  })
  .meta({ description: "What the change's ticket has to be like, at submission and before each call." });

const policy = z.strictObject({
  name: name("The policy's name."),
  version: z.string().min(1).max(100).meta({ description: 'Told in the log; change it with the policy.' }),
  match: match.default({}),
  stages: z
    .array(z.strictObject({ name: name("The stage's name."), groups: z.array(seats).min(1).max(100) }))
    .max(20)
    .default([]),
  reject: z
    .union([z.enum(['any', 'majority']), z.strictObject({ count: z.int().min(1).max(1000) })])
    .default('any'),
  commentRequired: z.enum(['never', 'reject', 'always']).default('never'),
  decideWithin: duration('How long people may decide after submission.').default('7d'),
  executeWithin: duration('How long the call may be made after approval.').default('24h'),
  reminders: z.array(duration('After submission.')).max(20).default([]),
  escalation: z
    .strictObject({ after: duration('After submission.'), group: groupName('Who is asked, too.') })
    .optional(),
  delegations: z
    .array(
      z.strictObject({
        from: person,
        to: person,
        since: z.iso.datetime({ offset: true }),
        until: z.iso.datetime({ offset: true }),
      }),
    )
    .max(100)
    .default([]),
  windows: z.array(window).max(50).default([]),
  freezeOverride: z.strictObject({ group: groupName('Who may let a change run in a freeze.') }).optional(),
  precheck: z.enum(['required', 'advisory']).default('required'),
  breakGlass: z
    .strictObject({
      groups: z.array(groupName('A group of requesters who may.')).min(1).max(20),
      approvals: z.union([z.literal(0), z.literal(1)]),
      reasons: z.array(z.string().min(1).max(200)).min(1).max(50).optional(),
    })
    .optional(),
  standard: z.boolean().default(false).meta({ description: 'Pre-approved: nobody decides.' }),
  authentication: z
    .strictObject({
      methods: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
      maxAgeSeconds: z.int().min(1).max(31_536_000).optional(),
    })
    .optional(),
  channels: z
    .array(channel)
    .max(20)
    .default([])
    .meta({ description: 'From where people may decide without a token; default from nowhere.' }),

  ticket: ticket.optional(),
});

/** A directory file's accounts of one person, and what that person may do by them. */
const mappedPerson = z
  .strictObject({
    issuer: z.string().min(1).max(500).meta({ description: "The token's iss." }),
    subject: z.string().min(1).max(500).meta({ description: "The token's sub." }),
    name: groupName('Shown for them; default the subject.').optional(),
    roles: z
      .array(z.literal('approver'))
      .max(1)
      .default([])
      .meta({ description: 'What they may do by these accounts: approver, or nothing.' }),
    accounts: z.array(account).min(1).max(50),
  })
  .meta({ description: 'One person, and their accounts in other systems.' });

/** A policy file. */
export const policyDocument = z
  .strictObject({
    groups: z.record(groupName('A group.'), source).default({}),
    policies: z.array(policy).min(1).max(200),
  })
  .meta({
    title: 'Countersign policies',
    description: 'The first policy that matches a change is its policy.',
  });

/** A directory file: a group's members, and people's accounts in other systems. */
export const directoryDocument = z
  .strictObject({
    groups: z.record(groupName('A group.'), members),
    accounts: z
      .array(mappedPerson)
      .max(10_000)
      .default([])
      .meta({ description: 'Who may decide by the channels that a policy names.' }),
  })
  .meta({ title: 'Countersign directory' });

/** A policy as its file has it. */
export type WrittenPolicy = z.infer<typeof policy>;
/** A policy file's content. */
export type PolicyDocument = z.infer<typeof policyDocument>;
/** A directory file's content. */
export type DirectoryDocument = z.infer<typeof directoryDocument>;

/** What it asks of a change's ticket, as its file has it. */
export type WrittenTicket = z.infer<typeof ticket>;
/** Which changes a policy is for, as its file has it. */
export type WrittenMatch = z.infer<typeof match>;
