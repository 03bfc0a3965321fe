import type { OperationTrail } from './operation.ts';

/**
 * How ActionTrail tells of a call of ApsaraMQ for MQTT. That `eventName` is the API's name, and `requestParameters` has its
 * parameters, is documented for every service. What `serviceName` is for this one is documented nowhere: here it is the
 * name of the product in the vendor's API, written as the names of other services are. The comparison tells of calls of
 * the same name under another service, so a wrong guess cannot pass unseen.
 *
 * @param members - for each member of the input but the region, the name of the parameter
 */
export function mqttTrail(eventName: string, members: Readonly<Record<string, string>>): OperationTrail {
  return {
    serviceName: 'OnsMqtt',
    eventName,
    input: (parameters, region) => ({
      regionId: region,
      ...Object.fromEntries(
        Object.entries(members).map(([member, parameter]) => [member, parameters[parameter] ?? null]),
      ),
    }),
  };
}
