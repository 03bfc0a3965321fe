import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';
import { requireApproval } from '../plugin/workflow.ts';
import type { HostActivities } from './host-activities.ts';

/** What both workflows of a host are given: the certificate, and in whose name it is asked. */
export interface HostInput {
  readonly mqttInstanceId: string;
  readonly sn: string;
  readonly issuer: string;
}

/** The key of a gate's request: with it the change's id is known from the workflow's run. */
export const gateKey = 'line';

const operation = { name: 'ActiveCaCertificate', version: '1' };

/** A host's workflow with a gate. */
export async function gated({ issuer, mqttInstanceId, sn }: HostInput): Promise<void> {
  const approval = await requireApproval(
    operation,
    { regionId: 'cn-hangzhou', mqttInstanceId, sn },
    { justification: 'the line moves', requester: { issuer, subject: 'alice' }, key: gateKey },
  );
  await approval.result();
}

/** A plain word that lets the other one go on. */
export const goUpdate = defineUpdate('go');

const { look, call } = proxyActivities<HostActivities>({ startToCloseTimeout: '30 seconds' });

/** The same three calls of the vendor around a plain update: what Temporal alone costs. */
export async function plain(input: HostInput): Promise<void> {
  let told = false;
  setHandler(goUpdate, () => {
    told = true;
  });
  await look(input);
  await condition(() => told);
  await look(input);
  await call(input);
}
