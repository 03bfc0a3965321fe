import { expect, test } from 'vitest';
import { refusalOfFetch, refusalOfLogin } from '../../console/fetch-metadata.ts';
import type { FetchMetadata } from '../../console/fetch-metadata.ts';

const own = 'https://console.example';
const read: FetchMetadata = {
  method: 'GET',
  site: 'same-origin',
  origin: undefined,
  mark: undefined,
  contentType: undefined,
  hasBody: false,
};
const write: FetchMetadata = {
  method: 'POST',
  site: 'same-origin',
  origin: own,
  mark: '1',
  contentType: 'application/json',
  hasBody: true,
};
const codeOf = (request: FetchMetadata) => refusalOfFetch(request, own)?.code ?? null;

test.each<[string, FetchMetadata, string | null]>([
  ['a read of the page', read, null],
  ['a read with its own origin', { ...read, origin: own }, null],
  ['a write of the page', write, null],
  ['JSON with its charset', { ...write, contentType: 'application/json; charset=utf-8' }, null],
  ['a write without a body', { ...write, method: 'DELETE', contentType: undefined, hasBody: false }, null],
  ['a read of another site', { ...read, site: 'cross-site' }, 'forbidden'],
  ['a read of a neighbour', { ...read, site: 'same-site' }, 'forbidden'],
  ['a read that somebody typed', { ...read, site: 'none' }, 'forbidden'],
  ['a read of a browser that says nothing', { ...read, site: undefined }, 'forbidden'],
  ['a write of another site', { ...write, site: 'cross-site' }, 'forbidden'],
  ['a write of a browser that says nothing', { ...write, site: undefined }, 'forbidden'],
  ['a write with another origin', { ...write, origin: 'https://elsewhere.example' }, 'forbidden'],
  ['a write with a hidden origin', { ...write, origin: 'null' }, 'forbidden'],
  ['a write without the mark', { ...write, mark: undefined }, 'forbidden'],
  ['a write with another mark', { ...write, mark: 'background' }, 'forbidden'],
  ['a DELETE without the mark', { ...write, method: 'DELETE', mark: undefined }, 'forbidden'],
  ['a form', { ...write, contentType: 'application/x-www-form-urlencoded' }, 'unsupported_media_type'],
  ['a form of text', { ...write, contentType: 'text/plain' }, 'unsupported_media_type'],
  [
    'an empty form',
    { ...write, contentType: 'multipart/form-data', hasBody: false },
    'unsupported_media_type',
  ],
  ['a body of no type', { ...write, contentType: undefined }, 'unsupported_media_type'],
  ['a type that begins like JSON', { ...write, contentType: 'application/jsonp' }, 'unsupported_media_type'],
])('%s', (_what, request, code) => {
  expect(codeOf(request)).toBe(code);
});

test.each([
  ['same-origin', null],
  ['none', null],
  ['same-site', 'forbidden'],
  ['cross-site', 'forbidden'],
  [undefined, 'forbidden'],
])('a login that is begun from %s', (site, code) => {
  expect(refusalOfLogin(site)?.code ?? null).toBe(code);
});
