import { expect, test } from 'vitest';
import { bearerIn, refusalOfPlace } from '../../mcp/request-rules.ts';

const hosts = ['mcp.example.com', 'localhost:8091', '[::1]:8091'];

test.each([
  [{ host: 'mcp.example.com' }, true],
  [{ host: 'MCP.example.com' }, true],
  [{ host: '[::1]:8091' }, true],
  [{ host: 'localhost:8091', origin: 'http://localhost:8091' }, true],
  [{ host: 'localhost' }, false],
  [{ host: 'localhost:8092' }, false],
  [{ host: 'attacker.example' }, false],
  [{ host: 'mcp.example.com.attacker.example' }, false],
  [{}, false],
  [{ host: 'localhost:8091', origin: 'http://attacker.example' }, false],
  [{ host: 'localhost:8091', origin: 'http://localhost:3000' }, false],
  [{ host: 'localhost:8091', origin: 'null' }, false],
] as const)('%o: %s', (headers, isAnswered) => {
  expect(refusalOfPlace(headers, hosts)?.code ?? null).toBe(isAnswered ? null : 'forbidden');
});

test.each([
  ['Bearer abc.def-_~+/=', 'abc.def-_~+/='],
  ['bearer  t', 't'],
])('%s', (header, token) => {
  expect(bearerIn(header)).toBe(token);
});

test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'Bearer a\r\nb', 'Bearer ä'])(
  '%s is no bearer token',
  (header) => {
    expect(() => bearerIn(header)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  },
);
