import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Ports } from './ports.ts';
import { sendJson } from './send-json.ts';

/** Where the local ticket and chat systems of a start are. */
export interface LocalSystems {
  readonly jira: string;
  readonly serviceNow: string;
  readonly slack: string;
  readonly dingTalk: string;
}

/** What a start has of them. */
export interface EmbeddedSystems {
  readonly urls: LocalSystems;
  readonly ports: Pick<Ports, 'jira' | 'servicenow' | 'slack' | 'dingtalk'>;
  /** `integrations.yaml`: all of them, and a subscription for each. */
  readonly integrationsFile: string;
  /** `directory.yaml`: whose accounts are whose. */
  readonly directoryFile: string;
  /** Tells them where the API listens: they send there what people do in them. @param api - such as `http://127.0.0.1:8080` */
  announce(api: string): Promise<void>;
  stop(): Promise<void>;
}

/** Logins and secrets of the local systems; they are on loopback only, and everybody may know them. */
const demo = {
  jiraReader: { email: 'reader@example.com', token: 'local-jira-reader' },
  jiraWriter: { email: 'countersign@example.com', token: 'local-jira-writer' },
  jiraPerson: { email: 'alice@example.com', token: 'local-jira-alice' },
  jiraWebhook: 'local-jira-webhook-secret',
  serviceNowReader: { user: 'countersign.reader', password: 'reader-secret' },
  serviceNowWriter: { user: 'countersign', password: 'writer-secret' },
  slackToken: 'local-slack-token',
  slackSigning: 'local-slack-signing-secret',
  dingTalkForward: 'local-dingtalk-forward-secret-of-32-characters',
} as const;

/** The person at the local Jira who makes the demo's ticket. */
export const demoJiraPerson = demo.jiraPerson;

/**
 * Starts a local Jira, ServiceNow, Slack and DingTalk on loopback, and writes what API, worker and deliverer need to know of
 * them into the folder `systems` of the home.
 *
 * @param issuer - of the demo users, whose accounts are mapped
 */
export async function startEmbeddedSystems(
  home: string,
  ports: EmbeddedSystems['ports'],
  issuer: string,
): Promise<EmbeddedSystems> {
  const { freePort } = await import('../embedded/free-port.ts');
  const { startJira } = await import('../simulator/jira/server.ts');
  const { startServiceNow } = await import('../simulator/servicenow/server.ts');
  const { startSlack } = await import('../simulator/slack/server.ts');
  const { startDingTalk } = await import('../simulator/dingtalk/server.ts');
  const { demoApp } = await import('../simulator/dingtalk/settings.ts');
  const { integrationsSchema } = await import('../tickets/json-schema.ts');
  const folder = join(home, 'systems');
  await mkdir(folder, { recursive: true });
  const jira = await startJira({
    port: await freePort(ports.jira),
    file: join(folder, 'jira.json'),
    users: [
      {
        accountId: 'reader',
        displayName: 'Countersign reader',
        ...demo.jiraReader,
        rights: ['BROWSE_PROJECTS'],
      },
      { accountId: 'countersign', displayName: 'Countersign', ...demo.jiraWriter },
      { accountId: 'alice', displayName: 'Alice Archer', ...demo.jiraPerson },
    ],
  });
  const serviceNow = await startServiceNow({ port: await freePort(ports.servicenow) });
  const slack = await startSlack({ port: await freePort(ports.slack) });
  const dingTalk = await startDingTalk({ port: await freePort(ports.dingtalk) });

  const secret = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  const integrations = {
    systems: {
      jira: {
        kind: 'jira',
        url: jira.url,
        read: { user: demo.jiraReader.email, secretFile: await secret('jira-read', demo.jiraReader.token) },
        write: { user: demo.jiraWriter.email, secretFile: await secret('jira-write', demo.jiraWriter.token) },
        webhookSecretFiles: [await secret('jira-webhook', demo.jiraWebhook)],
      },
      servicenow: {
        kind: 'servicenow',
        url: serviceNow.url,
        read: {
          user: demo.serviceNowReader.user,
          secretFile: await secret('servicenow-read', demo.serviceNowReader.password),
        },
        write: {
          user: demo.serviceNowWriter.user,
          secretFile: await secret('servicenow-write', demo.serviceNowWriter.password),
        },
      },
      slack: {
        kind: 'slack',
        url: slack.url,
        team: slack.team,
        channel: 'C0CHANGES',
        tokenFile: await secret('slack-token', demo.slackToken),
        signingSecretFiles: [await secret('slack-signing', demo.slackSigning)],
      },
      dingtalk: {
        kind: 'dingtalk',
        app: {
          url: dingTalk.url,
          clientId: demoApp.clientId,
          clientSecretFile: await secret('dingtalk-app', demoApp.clientSecret),
          corpId: demoApp.corpId,
          cardTemplateId: demoApp.cardTemplateId,
          openSpaceId: demoApp.openSpaceId,
        },
        inboundSecretFiles: [await secret('dingtalk-forward', demo.dingTalkForward)],
      },
    },
    subscriptions: ['jira', 'servicenow', 'slack', 'dingtalk'].map((system) => ({
      name: system,
      to: { system },
    })),
  };
  const integrationsFile = join(folder, 'integrations.yaml');
  const schema = 'integrations.schema.json';
  // Of this version, beside the file that names it.
  await writeFile(join(folder, schema), `${JSON.stringify(integrationsSchema(), null, 2)}\n`);
  const head = `# yaml-language-server: $schema=./${schema}\n# Made at each start.\n`;
  await writeFile(integrationsFile, `${head}${stringify(integrations)}`);
  const directoryFile = join(folder, 'directory.yaml');
  const accounts = ['bob', 'carol'].map((subject) => ({
    issuer,
    subject,
    roles: ['approver'],
    accounts: [
      { system: 'slack', team: slack.team, user: `U0${subject.toUpperCase()}` },
      { system: 'dingtalk', corp: demoApp.corpId, user: subject },
    ],
  }));
  await writeFile(directoryFile, `# Made at each start.\n${stringify({ groups: {}, accounts })}`);
  const endpoints = [jira, serviceNow, slack, dingTalk];
  return {
    urls: { jira: jira.url, serviceNow: serviceNow.url, slack: slack.url, dingTalk: dingTalk.url },
    ports: { jira: jira.port, servicenow: serviceNow.port, slack: slack.port, dingtalk: dingTalk.port },
    integrationsFile,
    directoryFile,
    async announce(api) {
      const webhook = { url: `${api}/v1/inbound/jira`, secret: demo.jiraWebhook };
      await sendJson('PUT', `${jira.url}/_sim/settings`, { webhook });
      await sendJson('PUT', `${slack.url}/_sim/interactivity`, { url: `${api}/v1/inbound/slack` });
    },
    async stop() {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()));
    },
  };
}
