import { expect, test } from 'vitest';
import { claimsLeftOut, personOf } from '../../identity/claims.ts';
import type { ClaimMapping } from '../../identity/claims.ts';

const issuer = 'https://id.example';
const person = (claims: object, mapping?: ClaimMapping) =>
  personOf({ sub: 'bob', ...claims }, issuer, mapping);

test.each<[string, object, ClaimMapping | undefined, string[]]>([
  ['our own names', { roles: ['admin', 'requester'] }, undefined, ['requester', 'admin']],
  ['the same twice', { roles: ['admin', 'admin'] }, undefined, ['admin']],
  ['names of nobody', { roles: ['root', 'Admin', ''] }, undefined, []],
  ['names of an object’s own', { roles: ['constructor', '__proto__', 'toString'] }, undefined, []],
  ['no claim', {}, undefined, []],
  ['a text, which is a list of one', { roles: 'admin' }, undefined, ['admin']],
  ['an empty text', { roles: '' }, undefined, []],
  ['a text of several', { roles: 'admin requester' }, undefined, []],
  ['an object', { roles: { admin: true } }, undefined, []],
  ['an object like a list', { roles: { 0: 'admin', length: 1 } }, undefined, []],
  ['a number', { roles: 7 }, undefined, []],
  ['a list in a list', { roles: [['admin']] }, undefined, []],
  ['another claim', { roles: ['admin'], r: ['auditor'] }, { rolesClaim: 'r' }, ['auditor']],
  ['another claim that is not there', { roles: ['admin'] }, { rolesClaim: 'r' }, []],
  ['a nested claim', { a: { b: { c: ['auditor'] } } }, { rolesClaim: 'a.b.c' }, ['auditor']],
  ['a nested claim that ends early', { a: { b: ['auditor'] } }, { rolesClaim: 'a.b.c' }, []],
  ['a nested claim through null', { a: null }, { rolesClaim: 'a.b' }, []],
  ['a path into a prototype', {}, { rolesClaim: 'constructor.name' }, []],
  [
    'a name with dots before a path',
    { 'a.b': ['auditor'], a: { b: ['admin'] } },
    { rolesClaim: 'a.b' },
    ['auditor'],
  ],
  [
    'a URL',
    { 'https://x.example/roles': ['auditor'] },
    { rolesClaim: 'https://x.example/roles' },
    ['auditor'],
  ],
  [
    'a map',
    { groups: ['cs-ops', 'everyone'] },
    { rolesClaim: 'groups', roleMap: new Map([['cs-ops', ['approver', 'operator']]]) },
    ['approver', 'operator'],
  ],
  [
    'our own names, not in the map',
    { roles: ['admin'] },
    { roleMap: new Map([['cs-ops', ['approver']]]) },
    [],
  ],
  ['an empty map', { roles: ['admin'] }, { roleMap: new Map() }, []],
])('roles by %s', (_name, claims, mapping, roles) => {
  expect(person(claims, mapping).roles).toEqual(roles);
});

test.each<[string, object, ClaimMapping | undefined, string[]]>([
  [
    'names as they are',
    { groups: ['/ops', 'Cloud Ops', 'CORP\\\\ops'] },
    undefined,
    ['/ops', 'Cloud Ops', 'CORP\\\\ops'],
  ],
  ['a text, which is a list of one', { groups: '/ops' }, undefined, ['/ops']],
  ['an object', { groups: { ops: true } }, undefined, []],
  ['a number', { groups: 7 }, undefined, []],
  [
    'a map',
    { groups: ['/ops', 'CN=ops,OU=Groups,DC=corp', 'everyone'] },
    {
      groupMap: new Map([
        ['/ops', ['operations']],
        ['CN=ops,OU=Groups,DC=corp', ['operations', 'board']],
      ]),
    },
    ['operations', 'board'],
  ],
  ['a map and a text', { groups: '/ops' }, { groupMap: new Map([['/ops', ['operations']]]) }, ['operations']],
  ['names of an object’s own', { groups: ['constructor'] }, { groupMap: new Map() }, []],
])('groups by %s', (_name, claims, mapping, groups) => {
  expect(person(claims, mapping).groups).toEqual(groups);
});

test.each<[string, object, ClaimMapping | undefined, string[]]>([
  ['nothing', { groups: ['ops'] }, undefined, []],
  ['no claim at all', {}, undefined, []],
  [
    'Entra’s overage',
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } },
    undefined,
    ['groups'],
  ],
  ['that of the implicit flow', { hasgroups: true }, undefined, ['groups']],
  ['the same in words', { hasgroups: 'true' }, undefined, ['groups']],
  ['no overage', { hasgroups: false, _claim_names: null }, undefined, []],
  ['groups that are roles', { hasgroups: true }, { rolesClaim: 'groups' }, ['groups']],
  ['another claim', { _claim_names: { address: 'src1' } }, undefined, []],
  [
    'a claim that is there all the same',
    { groups: ['ops'], _claim_names: { groups: 'src1' } },
    undefined,
    [],
  ],
])('what the provider left out, by %s', (_name, claims, mapping, leftOut) => {
  expect(claimsLeftOut({ ...claims }, mapping)).toEqual(leftOut);
});

test.each<[string, object, { methods: string[]; at: string | null }]>([
  ['nothing', {}, { methods: [], at: null }],
  ['methods', { amr: ['pwd', 'otp'] }, { methods: ['pwd', 'otp'], at: null }],
  ['methods of another type', { amr: 'pwd' }, { methods: [], at: null }],
  ['a context', { acr: 'gold' }, { methods: ['acr:gold'], at: null }],
  ['a context of another type', { acr: 1 }, { methods: [], at: null }],
  ['a method that looks like a context', { amr: ['acr:gold'] }, { methods: [], at: null }],
  ['a time', { auth_time: 1_790_000_000 }, { methods: [], at: '2026-09-21T14:13:20.000Z' }],
  ['a time of another type', { auth_time: '1790000000' }, { methods: [], at: null }],
  ['a time that is none', { auth_time: 1e300 }, { methods: [], at: null }],
])('authentication by %s', (_name, claims, authentication) => {
  expect(person(claims).authentication).toEqual(authentication);
});
