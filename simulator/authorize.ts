import type { Action } from './actions.ts';
import type { CertificateStore } from './certificate-store.ts';
import type { AccessKey } from './key-ring.ts';
import { allows, parseRamPolicy } from './ram-policy.ts';
import type { Settings } from './settings.ts';
import { VendorError } from './vendor-error.ts';

/** The RAM action that each of the product's actions depends on. */
const DEPENDENT_ACTION = 'mq:MqttInstanceAccess';

/**
 * Checks whether a key may call an action on an instance: the settings' denials, then the inline policy of a role
 * session (the action's own RAM name and the dependent `mq:MqttInstanceAccess`), then the instance itself.
 *
 * @throws VendorError PermissionCheckFailed, MqttOwnerCheckError, MqttInstanceNotFound
 */
export function authorize(
  call: {
    readonly name: string;
    readonly action: Action;
    readonly key: AccessKey;
    readonly mqttInstanceId: string;
  },
  context: { readonly settings: Settings; readonly certificates: CertificateStore },
): void {
  const { name, action, key, mqttInstanceId } = call;
  const isDenied = context.settings.denied.some(
    (denial) =>
      (denial.action ?? name) === name &&
      (denial.accessKeyId ?? key.accessKeyId) === key.accessKeyId &&
      (denial.mqttInstanceId ?? mqttInstanceId) === mqttInstanceId,
  );
  const policyText = key.temporary?.session.policy;
  const policy = policyText === undefined ? undefined : (parseRamPolicy(policyText) ?? []);
  const isOutsidePolicy =
    policy !== undefined &&
    ![action.ramAction, DEPENDENT_ACTION].every((ramAction) => allows(policy, ramAction, mqttInstanceId));
  if (isDenied || isOutsidePolicy) throw new VendorError('PermissionCheckFailed');
  if (context.settings.foreignInstances.includes(mqttInstanceId))
    throw new VendorError('MqttOwnerCheckError');
  const exists =
    context.certificates.hasInstance(mqttInstanceId) ||
    context.settings.emptyInstances.includes(mqttInstanceId);
  if (!exists) throw new VendorError('MqttInstanceNotFound');
}
