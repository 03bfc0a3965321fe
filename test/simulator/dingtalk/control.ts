import type { Card } from '../../../simulator/dingtalk/cards.ts';
import type { SimulatedClick } from '../../../simulator/dingtalk/click.ts';
import type { RobotMessage } from '../../../simulator/dingtalk/robot.ts';
import type { RestCall, RestFault } from '../../../simulator/rest-endpoint.ts';

/** Steers a local DingTalk. */
export class DingTalkControl {
  readonly #url: string;
  constructor(url: string) {
    this.#url = url;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#url}/_sim/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async cards(): Promise<Card[]> {
    return (await this.#ask('GET', 'cards'))['cards'] as Card[];
  }
  async messages(): Promise<RobotMessage[]> {
    return (await this.#ask('GET', 'messages'))['messages'] as RobotMessage[];
  }
  async calls(path: string): Promise<RestCall[]> {
    const { calls } = (await this.#ask('GET', 'calls')) as { calls: RestCall[] };
    return calls.filter((call) => call.path.endsWith(path));
  }
  async fail(...faults: RestFault[]): Promise<void> {
    await this.#ask('POST', 'faults', faults);
  }
  async click(
    click: SimulatedClick,
  ): Promise<{ answered?: boolean; notice?: string | null; error?: string }> {
    return await this.#ask('POST', 'clicks', click);
  }
  async hide(...spaces: string[]): Promise<void> {
    await this.#ask('PUT', 'hidden-spaces', { spaces });
  }
  async clear(): Promise<void> {
    for (const what of ['cards', 'messages', 'calls', 'faults']) await this.#ask('DELETE', what);
    await this.hide();
  }
  async revokeTokens(): Promise<void> {
    await this.#ask('DELETE', 'access-tokens');
  }
  async connections(): Promise<number> {
    return (await this.#ask('GET', 'stream'))['connections'] as number;
  }
  async ping(): Promise<({ code: number; data: string } | null)[]> {
    return (await this.#ask('POST', 'stream/pings'))['answers'] as never;
  }
  /** @param afterMs - it says so first, and closes then; without: at once */
  async disconnect(afterMs?: number): Promise<void> {
    await this.#ask('POST', 'stream/disconnects', { afterMs });
  }
}
