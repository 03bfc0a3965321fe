import { readTrail } from '../../audit/reconcile/read-trail.ts';
import { reconcile } from '../../audit/reconcile/reconcile.ts';
import { gatedCalls } from '../../cli/audit-reconcile.ts';
import { bundledOperations } from '../../operations/bundled.ts';

// Compares a trail with an empty log, in a process of its own, and says how much memory that took.
const whole = { from: Date.parse('2026-01-01'), to: Date.parse('2027-01-01') };
const calls = gatedCalls(bundledOperations);
const comparison = reconcile({ calls, principals: [], trail: whole, log: whole, attempts: [] });
for await (const event of readTrail(process.argv.slice(2))) comparison.event(event);
const { events, counts } = comparison.end();
const differences = counts.call_not_logged;
process.stdout.write(JSON.stringify({ events, differences, maxRss: process.resourceUsage().maxRSS }));
