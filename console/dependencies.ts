import type { Logger } from 'pino';
import type { Provider } from './provider.ts';
import type { Seal } from './seal.ts';
import type { Sessions } from './sessions.ts';

/** What the console's app works with. It has no key that signs for people or for the log, and no login but that of sessions. */
export interface ConsoleDependencies {
  /** The one origin that people have the console at, such as `https://console.example`. */
  readonly url: URL;
  /** The one host that calls are forwarded to. */
  readonly apiUrl: string;
  readonly sessions: Sessions;
  readonly provider: Provider;
  readonly seal: Seal;
  /** The origin of Temporal's web UI, whose page may ask for decoded payloads with a person's session; null: none may. */
  readonly temporalUi?: string | null;
  /** Folder of the built page. */
  readonly page: string;
  /** `acr_values` of a login that has to be a stronger one. */
  readonly stepUpAcrValues: string | null;
  /** Whether Postgres answers. */
  readonly databaseAnswers: () => Promise<boolean>;
  readonly log: Logger;
  /** How many proxies in front are believed about the caller's address. */
  readonly trustProxy: number;
  readonly onLogin?: (outcome: string) => void;
  readonly onForwarded?: (status: number) => void;
  /** How often a stream asks whether its session is still one, ms; default 15,000. */
  readonly streamCheckMs?: number;
  readonly now?: () => number;
}
