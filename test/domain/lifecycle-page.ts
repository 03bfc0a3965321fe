import { phases, transitions } from '../../domain/lifecycle.ts';
import type { Mover, Phase, Transitions } from '../../domain/lifecycle.ts';

const table: Transitions = transitions;
const phaseNames = Object.keys(phases) as Phase[];

/** docs/lifecycle.md, made of the table of transitions. */
export function lifecyclePage(): string {
  return `# The lifecycle of a change

This page is made of the table of transitions in \`domain/lifecycle.ts\`; a test compares them.
\`npx vitest run test/domain/lifecycle-page.test.ts -u\` writes it anew.

A change is what its events make of it. The events are entries of the audit log; \`evolve\` (\`domain/evolve.ts\`) makes the
next state of each, and \`decide\` (\`domain/decide.ts\`) says which events a command makes, or why it makes none. What the
table does not have does not happen.

\`\`\`mermaid
stateDiagram-v2
${diagramLines().join('\n')}
\`\`\`

## Phases

${markdownTable(
  ['phase', 'what the change does'],
  phaseNames.map((phase) => [`\`${phase}\``, phases[phase]]),
)}

\`decisionStatus\` and \`executionStatus\` say the same in the words of the API: \`reading\` and \`deciding\` are \`pending\`;
\`scheduled\`, \`running\` and \`paused\` are \`approved\` with the execution status of that name.

## Events

\`worker\` is the service by itself. \`engine\` is a cancellation of the change's workflow or of its host.

${markdownTable(
  ['event', 'who', 'from', 'to'],
  Object.entries(table).flatMap(([type, { by, moves }]) => rowsOf(type, by, moves)),
)}
`;
}

/** One arrow for each pair of phases, with the events that lead there. */
function diagramLines(): string[] {
  const arrows = new Map<string, string[]>();
  for (const [type, { moves }] of Object.entries(table)) {
    for (const [from, to] of Object.entries(moves)) {
      for (const phase of to) {
        if (phase === from) continue;
        const arrow = `${from} --> ${phase}`;
        arrows.set(arrow, [...(arrows.get(arrow) ?? []), type]);
      }
    }
  }
  const lines = [...arrows].map(([arrow, types]) => `  ${arrow}: ${types.join(', ')}`);
  return ['  [*] --> reading: change.requested', ...lines, '  closed --> [*]'];
}

function rowsOf(
  type: string,
  by: readonly Mover[],
  moves: Transitions[keyof Transitions]['moves'],
): string[][] {
  const entries = Object.entries(moves);
  if (entries.length === 0) return [[`\`${type}\``, by.join(', '), 'nothing', '`reading`']];
  // Phases that lead to the same ones share a line.
  const shared = new Map<string, string[]>();
  for (const [from, to] of entries) {
    const target =
      to.length === 1 && to[0] === from ? 'the same' : to.map((phase) => `\`${phase}\``).join(', ');
    if (to.length > 0) shared.set(target, [...(shared.get(target) ?? []), `\`${from}\``]);
  }
  return [...shared].map(([to, from]) => [`\`${type}\``, by.join(', '), from.join(', '), to]);
}

/** A table as prettier writes it. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  );
}
