import { asSeed, keepDevice } from './certificate.ts';
import type { CertificateFilter, CertificateStore, PlacedDevice } from './certificate-store.ts';
import { readCertificate, readOneOrMany, readPlacedDevice } from './control-input.ts';
import { json, withBody, withQuery } from './control-request.ts';
import type { Route } from './control-request.ts';
import { problemAnswer } from './problem.ts';

const CA_QUERY = ['mqttInstanceId', 'sn'] as const;
const DEVICE_QUERY = ['mqttInstanceId', 'caSn', 'deviceSn'] as const;

type DeviceQuery = Readonly<Partial<Record<(typeof DEVICE_QUERY)[number], string>>>;

function kept(certificates: CertificateStore, filter: CertificateFilter = {}): object {
  return { certificates: certificates.list(filter).map(asSeed) };
}

function placed(certificates: CertificateStore, query: DeviceQuery): PlacedDevice[] {
  return certificates.listDevices({ mqttInstanceId: query.mqttInstanceId, sn: query.caSn }, query.deviceSn);
}

function keptDevices(certificates: CertificateStore, query: DeviceQuery = {}): object {
  const deviceCertificates = placed(certificates, query).map(({ ca, device }) => ({
    mqttInstanceId: ca.mqttInstanceId,
    caSn: ca.sn,
    ...device,
  }));
  return { deviceCertificates };
}

const putCertificates: Route = ({ certificates }, incoming) =>
  withQuery(incoming, ['replace'], ({ replace }) => {
    if (replace !== undefined && replace !== 'all') {
      return problemAnswer(422, 'Nothing was changed.', [{ field: 'replace', rule: 'must be all' }]);
    }
    return withBody(
      incoming,
      (value, errors) => readOneOrMany(value, errors, readCertificate),
      (given) => {
        if (replace === 'all') certificates.clear();
        certificates.put(given);
        return json(kept(certificates));
      },
    );
  });

const putDevices: Route = ({ certificates }, incoming) =>
  withBody(
    incoming,
    (value, errors) =>
      readOneOrMany(value, errors, (item, path) => readPlacedDevice(item, path, errors, certificates)).filter(
        (given) => given !== undefined,
      ),
    (given) => {
      for (const { ca, device } of given) ca.deviceCertificates.set(device.deviceSn, keepDevice(device));
      return json(keptDevices(certificates));
    },
  );

/** CA certificates, each with its device certificates: what is kept, put and removed. */
export const certificateRoutes: Readonly<Record<'GET' | 'PUT' | 'DELETE', Route>> = {
  GET: ({ certificates }, incoming) =>
    withQuery(incoming, CA_QUERY, (query) => json(kept(certificates, query))),
  PUT: putCertificates,
  DELETE: ({ certificates }, incoming) =>
    withQuery(incoming, CA_QUERY, (query) => {
      for (const ca of certificates.list(query)) certificates.delete(ca);
      return json(kept(certificates));
    }),
};

/** Device certificates, each without any effect on its CA certificate: what is kept, put and removed. */
export const deviceRoutes: Readonly<Record<'GET' | 'PUT' | 'DELETE', Route>> = {
  GET: ({ certificates }, incoming) =>
    withQuery(incoming, DEVICE_QUERY, (query) => json(keptDevices(certificates, query))),
  PUT: putDevices,
  DELETE: ({ certificates }, incoming) =>
    withQuery(incoming, DEVICE_QUERY, (query) => {
      for (const { ca, device } of placed(certificates, query)) ca.deviceCertificates.delete(device.deviceSn);
      return json(keptDevices(certificates));
    }),
};
