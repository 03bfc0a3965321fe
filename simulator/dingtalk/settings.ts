/** How to start a local DingTalk. */
export interface DingTalkOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** PEM key and certificate: it then speaks HTTPS, and its Stream TLS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Robots: their access tokens, and the secrets that they sign with. */
  readonly robots?: Readonly<Record<string, string>>;
  /** Apps: their client ids. */
  readonly apps?: Readonly<Record<string, { readonly secret: string; readonly corpId: string }>>;
  /** How many messages a robot may send in a minute; default 20. */
  readonly robotPerMinute?: number;
  /** What a second card with the id of another one comes to; DingTalk's documentation does not say. Default `same`. */
  readonly repeatedCard?: 'same' | 'error' | 'shown_again';
  /** How long an access token is good, s; default 7200. */
  readonly tokenLifeS?: number;
  /** How long a push waits for its answer, ms; default 5000. */
  readonly answerMs?: number;
}

/** The robot that is there where none is named. */
export const demoRobot = { token: 'local-robot-token', secret: 'SEClocal-robot-secret' } as const;
/** The app that is there where none is named. */
export const demoApp = {
  clientId: 'local-app',
  clientSecret: 'local-app-secret',
  corpId: 'ding-local',
  openSpaceId: 'dtv1.card//IM_GROUP.local-group',
  cardTemplateId: 'local-template',
} as const;
