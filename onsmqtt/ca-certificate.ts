import type { Fault } from '../domain/fault.ts';
import type { CaCertificateSnapshot } from '../operations/ca-certificate.ts';
import type { CaCertificateInput } from '../operations/certificate-input.ts';
import type { DriverContext, ReadAnswer, Send } from '../operations/implement.ts';
import { prepareCall, readData } from './answer.ts';
import type { OnsMqtt } from './port.ts';
import { caCertificateSnapshot } from './snapshot.ts';

/** A CA certificate as it was read. */
export type ReadCaCertificate = ReadAnswer & { readonly snapshot: CaCertificateSnapshot | null };

/** Reads a CA certificate (GetCaCertificate). */
export async function readCaCertificate(
  onsMqtt: OnsMqtt,
  { regionId, mqttInstanceId, sn }: CaCertificateInput,
  context: DriverContext,
): Promise<ReadCaCertificate | Fault> {
  const request = { action: 'GetCaCertificate', regionId, mqttInstanceId, query: { Sn: sn } };
  const answer = await readData(onsMqtt, request, { Sn: sn }, context);
  if (!answer.ok) return answer;
  const { requestId, data } = answer;
  return { ok: true, requestId, snapshot: data && caCertificateSnapshot(data, sn) };
}

/** Prepares a call on a CA certificate, which answers its `Sn`. @param ramAction - the action's name in RAM policies */
export function prepareCaCall(
  onsMqtt: OnsMqtt,
  action: string,
  ramAction: string,
  { regionId, mqttInstanceId, sn }: CaCertificateInput,
  context: DriverContext,
): Promise<Send | Fault> {
  const request = { action, ramAction, regionId, mqttInstanceId, query: { Sn: sn } };
  return prepareCall(onsMqtt, request, { Sn: sn }, context);
}
