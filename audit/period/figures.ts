import { counted } from '../pack/counted.ts';
import { lengthText } from '../verify/judge-freshness.ts';
import type { PeriodReport } from './period-report.ts';

/** The figures of a period by name, in words. */
export function figureLines(figures: PeriodReport['figures']): [string, string][] {
  const { changes, submitted, closed, attempts, approved, medianWaitMs } = figures;
  const statuses = (counts: Partial<Record<string, number>>) =>
    Object.entries(counts)
      .map(([status, n]) => `${n ?? 0} ${status}`)
      .join(', ') || 'none';
  const wait = medianWaitMs === null ? '' : `, half of them within ${lengthText(medianWaitMs)}`;
  return [
    ['Changes', `${changes}, of which ${submitted} were asked for and ${closed} ended in the period`],
    ['Decided', statuses(figures.byDecision)],
    ['Carried out', statuses(figures.byExecution)],
    ['Reviews', statuses(figures.byReview)],
    ['Attempts', String(attempts)],
    ['Approved', `${counted(approved, 'change')}${wait}`],
  ];
}
