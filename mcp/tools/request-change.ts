import { z } from 'zod';
import { asked, idempotencyKey, ticket } from '../../operations/change-request.ts';
import { askedInput, askedMembers } from '../asked-input.ts';
import { shownChange, shownChangeSchema } from '../shown-change.ts';
import { defineTool } from '../tool.ts';

const moment = z.iso.datetime({ offset: true });

/**
 * Asks for a change. Without break-glass, whatever the policy allows: a change that runs before people have approved is asked
 * for by people.
 */
export const requestChange = defineTool({
  name: 'request_change',
  title: 'Ask for a change',
  description:
    'Asks people to approve that one operation is called on one target. It runs by itself once they have approved. You cannot approve it. Call it again with the same key after an error or a timeout: it is asked for once.',
  reads: false,
  input: z.strictObject({
    ...askedInput,
    justification: asked.justification.meta({
      description: 'Why, for those who decide: what is wrong, what this mends, who wants it',
    }),
    key: idempotencyKey.meta({
      description:
        'Names this one request, such as the id of your task: visible ASCII without blanks. The same key is the same request, also when its change has long ended',
    }),
    ticket: z
      .strictObject({ system: ticket.system, id: ticket.id })
      .optional()
      .meta({ description: 'The ticket that it belongs to; some policies need one' }),
    decideBy: moment.optional().meta({ description: 'No decision after this time' }),
    executeAfter: moment.optional().meta({ description: 'Not to run before this time' }),
    executeBy: moment.optional().meta({ description: 'Not to run after this time' }),
  }),
  knownFrom: askedMembers,
  output: shownChangeSchema.extend({
    created: z.boolean().meta({ description: 'false: this key had asked for this change before' }),
  }),
  async run(api, { key, ...body }, signal) {
    const { created, change } = await api.submit(body, key, signal);
    return { ...shownChange(change), created };
  },
});
