import type {
  CalendarAnswer,
  EntryAnswer,
  FreezeAnswer,
  MeAnswer,
  OperationAnswer,
  PolicyExplanationAnswer,
  ProblemAnswer,
  StatisticsAnswer,
} from '../../api/answer-schemas.ts';
import type { ChangeAnswer, ListedChangeAnswer } from '../../api/change-answer.ts';

/** What the API answers, by the names that the page has for it. */
export type ChangeView = ChangeAnswer;
export type ListedChange = ListedChangeAnswer;
export type Entry = EntryAnswer;
export type Freeze = FreezeAnswer;
export type Operation = OperationAnswer;
export type Explanation = PolicyExplanationAnswer;
export type Me = MeAnswer;
export type Statistics = StatisticsAnswer;
export type Calendar = CalendarAnswer;
export type Problem = ProblemAnswer;

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
