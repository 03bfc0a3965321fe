import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control } from './control-client.ts';
import { DEVICE_SN, FAMILY, SEED, keptState } from './family.ts';
import { INSTANCE, SN, call, failure } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const OTHER_INSTANCE = 'post-cn-2';
let simulator: RunningSimulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

// The same serial numbers stand under three more places, which no call below names.
beforeEach(async () => {
  const bystander = { ...SEED, deviceCertificates: [...SEED.deviceCertificates, { deviceSn: 'other' }] };
  await control(simulator, 'PUT', '/certificates?replace=all', [
    { ...SEED, deviceCertificates: [...SEED.deviceCertificates, { deviceSn: 'other' }] },
    { ...bystander, sn: 'second' },
    { ...bystander, mqttInstanceId: OTHER_INSTANCE },
  ]);
  await control(simulator, 'DELETE', '/faults');
  await control(simulator, 'DELETE', '/calls');
});

afterAll(() => simulator.close());

interface Kept {
  certificates: {
    mqttInstanceId: string;
    sn: string;
    status: string;
    deviceCertificates: { deviceSn: string; status: string }[];
  }[];
}

/** Puts the CA certificate and its device certificate of the calls below into one status. */
async function setBoth(status: string): Promise<void> {
  const { deviceCertificates, ...ca } = SEED;
  await control(simulator, 'PUT', '/certificates', { ...ca, status });
  const devices = deviceCertificates.map((device) => ({
    ...device,
    mqttInstanceId: INSTANCE,
    caSn: SN,
    status,
  }));
  await control(simulator, 'PUT', '/device-certificates', devices);
}

/** Statuses of the CA certificate and its device certificate; `null` when it is gone. All others are unchanged. */
async function statuses(bystanders: unknown): Promise<{ ca: string | null; device: string | null }> {
  const { certificates } = (await keptState(simulator)) as Kept;
  const ca = certificates.find((one) => one.mqttInstanceId === INSTANCE && one.sn === SN);
  expect(certificates.filter((one) => one !== ca)).toEqual(bystanders);
  if (ca !== undefined)
    expect(ca.deviceCertificates).toContainEqual(expect.objectContaining({ deviceSn: 'other', status: '1' }));
  const device = ca?.deviceCertificates.find(({ deviceSn }) => deviceSn === DEVICE_SN);
  return { ca: ca?.status ?? null, device: device?.status ?? null };
}

async function bystanders(): Promise<unknown> {
  const { certificates } = (await keptState(simulator)) as Kept;
  return certificates.filter((one) => one.mqttInstanceId !== INSTANCE || one.sn !== SN);
}

/** What each writing action makes of a CA certificate and a device certificate that both have the status `from`. */
const EFFECTS: { action: string; after: (from: string) => { ca: string | null; device: string | null } }[] = [
  { action: 'ActiveCaCertificate', after: (from) => ({ ca: '1', device: from }) },
  { action: 'InactivateCaCertificate', after: (from) => ({ ca: '0', device: from }) },
  { action: 'DeleteCaCertificate', after: () => ({ ca: null, device: null }) },
  { action: 'ActiveDeviceCertificate', after: (from) => ({ ca: from, device: '1' }) },
  { action: 'InactivateDeviceCertificate', after: (from) => ({ ca: from, device: '0' }) },
  { action: 'DeleteDeviceCertificate', after: (from) => ({ ca: from, device: null }) },
];

function queryOf(action: string): Record<string, string> {
  return FAMILY.find((one) => one.action === action)?.query ?? {};
}

test('every writing action has an effect below', () => {
  const writing = FAMILY.filter(({ method }) => method === 'POST').map(({ action }) => action);
  expect(EFFECTS.map(({ action }) => action)).toEqual(writing);
});

const fromBoth = EFFECTS.flatMap((effect) => ['0', '1', 'frozen'].map((from) => ({ ...effect, from })));

test.each(fromBoth)('$action from status $from changes its certificate and no other', async (given) => {
  const { action, after, from } = given;
  await setBoth(from);
  const others = await bystanders();
  await call(simulator, action, queryOf(action));
  expect(await statuses(others)).toEqual(after(from));
});

test.each(EFFECTS.filter(({ action }) => !action.startsWith('Delete')))(
  '$action succeeds again, with a RequestId of its own',
  async ({ action, after }) => {
    const others = await bystanders();
    const first = await call(simulator, action, queryOf(action));
    const second = await call(simulator, action, queryOf(action));
    expect(second.body['RequestId']).not.toBe(first.body['RequestId']);
    expect(await statuses(others)).toEqual(after('0'));
  },
);

test('what was deleted is not found any more, and the instance stays known', async () => {
  await call(simulator, 'DeleteDeviceCertificate', queryOf('DeleteDeviceCertificate'));
  expect((await failure(simulator, 'GetDeviceCertificate', queryOf('GetDeviceCertificate'))).code).toBe(
    'FindDeviceBySnError',
  );
  await call(simulator, 'DeleteCaCertificate', queryOf('DeleteCaCertificate'));
  for (const { action, query } of FAMILY.filter((one) => 'Sn' in one.query || 'CaSn' in one.query)) {
    const code = 'Sn' in query ? 'FindCaBySnError' : 'FindDeviceBySnError';
    expect((await failure(simulator, action, query)).code).toBe(code);
  }
});

test.each(EFFECTS)('$action, applied but answered 500: its own effect, once', async ({ action, after }) => {
  const from = action.startsWith('Active') ? '0' : '1';
  await setBoth(from);
  const others = await bystanders();
  await control(simulator, 'POST', '/faults', { action, kind: 'appliedThen500' });
  const thrown = await failure(simulator, action, queryOf(action));
  expect(thrown).toMatchObject({ code: 'InternalError', statusCode: 500 });
  expect(await statuses(others)).toEqual(after(from));
  expect((await calls(simulator, `?action=${action}`)).calls).toMatchObject([{ applied: true, status: 500 }]);
});

test.each(EFFECTS)('$action, answered 500 without effect', async ({ action }) => {
  const from = action.startsWith('Active') ? '0' : '1';
  await setBoth(from);
  const before = await keptState(simulator);
  await control(simulator, 'POST', '/faults', { action });
  await failure(simulator, action, queryOf(action));
  expect(await keptState(simulator)).toEqual(before);
  expect((await calls(simulator, `?action=${action}`)).calls).toMatchObject([{ applied: false }]);
});

test.each(FAMILY)('$action answers another serial number when told to, and has no effect', async (member) => {
  const { action, query, answer } = member;
  await setBoth(action.startsWith('Active') ? '0' : '1');
  const before = await keptState(simulator);
  const truth = action.startsWith('Get') || action.startsWith('List');
  const { RequestId: _, ...expected } = truth ? (await call(simulator, action, query)).body : answer;
  await control(simulator, 'POST', '/faults', { action, kind: 'otherSn' });
  const { RequestId: __, ...body } = (await call(simulator, action, query)).body;
  const other = JSON.stringify(expected).replaceAll(/("(?:Device)?Sn":"[^"]*)"/g, '$1-other"');
  expect(other).not.toBe(JSON.stringify(expected));
  expect(body).toEqual(JSON.parse(other));
  expect(await keptState(simulator)).toEqual(before);
});

test.each(FAMILY.filter(({ method }) => method === 'GET'))(
  '$action can be slowed down, and answers what is true when it is asked',
  async ({ action, query }) => {
    await setBoth('0');
    const truth = (await call(simulator, action, query)).body['Data'];
    await control(simulator, 'POST', '/faults', { action, delayMs: 300 });
    const started = performance.now();
    const answered = call(simulator, action, query);
    await vi.waitFor(async () => expect((await calls(simulator, `?action=${action}`)).total).toBe(2), {
      timeout: 30_000,
      interval: 5,
    });
    await setBoth('1');
    expect((await answered).body['Data']).toEqual(truth);
    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
  },
);

const LISTS = [
  {
    action: 'ListCaCertificate',
    serialName: 'Sn',
    pageName: 'CaCertificateVOS',
    put: (serials: string[]) =>
      control(
        simulator,
        'PUT',
        '/certificates?replace=all',
        serials.map((sn) => ({ mqttInstanceId: INSTANCE, sn })),
      ),
  },
  {
    action: 'ListDeviceCertificateByCaSn',
    serialName: 'DeviceSn',
    pageName: 'DeviceCertificateVOS',
    put: (serials: string[]) =>
      control(simulator, 'PUT', '/certificates?replace=all', {
        mqttInstanceId: INSTANCE,
        sn: SN,
        deviceCertificates: serials.map((deviceSn) => ({ deviceSn })),
      }),
  },
];

const paging = LISTS.flatMap((list) =>
  [
    { rows: 0, pageSize: 1, pages: [0] },
    { rows: 7, pageSize: 3, pages: [3, 3, 1, 0] },
    { rows: 6, pageSize: 3, pages: [3, 3, 0] },
    { rows: 101, pageSize: 100, pages: [100, 1] },
  ].map((size) => ({ ...list, ...size })),
);

test.each(paging)('$action gives $rows rows in pages of $pageSize: $pages', async (given) => {
  const { action, serialName, pageName, rows, pageSize, pages } = given;
  const serials = Array.from({ length: rows }, (_, index) => `row-${(index * 37) % 101}`);
  await control(simulator, 'PUT', '/settings', { emptyInstances: [INSTANCE] });
  await given.put(serials);
  const seen: string[] = [];
  for (const [index, length] of pages.entries()) {
    const pageNo = index + 1;
    const query = { ...queryOf(action), PageNo: String(pageNo), PageSize: String(pageSize) };
    const data = (await call(simulator, action, query)).body['Data'] as Record<string, unknown>;
    expect(data).toMatchObject({ Total: rows, PageNo: pageNo, PageSize: pageSize });
    const page = data[pageName] as Record<string, string>[];
    expect(page).toHaveLength(length);
    seen.push(...page.map((row) => row[serialName] ?? ''));
  }
  // In the order in which they were put, none twice and none left out.
  expect(seen).toEqual(serials);
});
