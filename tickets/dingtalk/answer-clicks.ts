import { setTimeout as wait } from 'node:timers/promises';
import { clickIn } from './click.ts';
import type { DingTalkClick, NoClick } from './click.ts';
import { answerTo, noticeData } from './frames.ts';
import type { Frame } from './frames.ts';
import { noticeOfNoClick, notices } from './notices.ts';

/** What the answering of clicks works with. */
export interface ClickDependencies {
  /** The one organization whose members count. */
  readonly corpId: string;
  /** Brings a click to whoever decides. @returns what the person is shown; it does not throw */
  readonly onClick: (click: DingTalkClick) => Promise<string>;
  /** Shows the person a notice that came too late for the answer. */
  readonly tell?: (outTrackId: string, userId: string, notice: string) => Promise<void>;
  readonly onNoClick?: (why: NoClick) => void;
  /** How long DingTalk is left without an answer, ms; default 2500: its own patience is not documented. */
  readonly answerWithinMs?: number;
}

const mostAtOnce = 100;
const mostRemembered = 500;

/**
 * Makes the answer to each push of a click. DingTalk pushes again what it has no answer to, so a push that is known is
 * answered as it was before, and brought to nobody a second time.
 */
export function makeClickAnswers({
  corpId,
  onClick,
  tell,
  onNoClick,
  answerWithinMs = 2500,
}: ClickDependencies) {
  const answers = new Map<string, Promise<string>>();
  let underWay = 0;

  async function answer(frame: Frame): Promise<string> {
    const found = clickIn(frame.data, { corpId, deliveryId: frame.messageId });
    if ('none' in found) {
      onNoClick?.(found.none);
      return noticeData(noticeOfNoClick(found.none));
    }
    const { click, outTrackId } = found;
    underWay += 1;
    const notice = onClick(click)
      .catch(() => notices.notKnown)
      .finally(() => {
        underWay -= 1;
      });
    const enough = new AbortController();
    const first = await Promise.race([notice, wait(answerWithinMs, null, { signal: enough.signal })]);
    enough.abort();
    if (first !== null) return noticeData(first);
    void notice.then((late) => tell?.(outTrackId, click.user.id, late)).catch(() => undefined);
    return noticeData(notices.working);
  }

  return async (frame: Frame): Promise<string> => {
    const known = answers.get(frame.messageId);
    if (known !== undefined) return answerTo(frame, 200, await known);
    if (underWay >= mostAtOnce) return answerTo(frame, 200, noticeData(notices.busy));
    const made = answer(frame);
    answers.set(frame.messageId, made);
    for (const oldest of answers.keys()) {
      if (answers.size <= mostRemembered) break;
      answers.delete(oldest);
    }
    return answerTo(frame, 200, await made);
  };
}
