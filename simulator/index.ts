export { DEFAULT_ACCESS_KEYS, startSimulator } from './server.ts';
export type { RunningSimulator, SimulatorOptions } from './server.ts';
export type { Certificate, DeviceCertificate } from './certificate.ts';
