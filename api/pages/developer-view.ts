import { SCOPES_OF_ROLE } from '../../core/access/permissions.ts';
import type { Scope } from '../../schemas/access.ts';
import type { ApiKey, CreatedKey } from '../../schemas/key.ts';
import type { SessionPrincipal } from '../access/principal.ts';
import type { Chrome } from './chrome.ts';
import { visible } from './text.ts';
import { momentOf } from './time.ts';
import type { Moment } from './time.ts';

export interface DeveloperView {
  chrome: Chrome;
  created: { name: string; key: string } | null;
  errors: string[];
  form: KeyForm;
  keys: KeyLine[];
  hasMore: boolean;
}

interface KeyForm {
  name: string;
  mode: { value: string; text: string; isChosen: boolean }[];
  scopes: { value: string; isChosen: boolean }[];
  expiry: { value: string; text: string; isChosen: boolean }[];
  isBound: boolean;
}

interface KeyLine {
  id: string;
  name: string;
  mode: string;
  scopes: string;
  bound: string | null;
  createdAt: Moment;
  expiresAt: Moment | null;
  lastUsedAt: Moment | null;
  state: string;
  tone: string;
  /** Null for a key that is revoked already. */
  revokeUrl: string | null;
}

/** What the form held when it was sent. */
export interface KeyFormValues {
  name: string;
  mode: string;
  scopes: readonly string[];
  expiresInDays: string;
  isBound: boolean;
}

export const EMPTY_KEY_FORM: KeyFormValues = { name: '', mode: 'live', scopes: ['events:write', 'events:read'], expiresInDays: '90', isBound: false };

const MODES = [
  { value: 'live', text: 'Live' },
  { value: 'test', text: 'Test' },
];
const EXPIRIES = [
  { value: '30', text: 'In 30 days' },
  { value: '90', text: 'In 90 days' },
  { value: '365', text: 'In a year' },
  { value: '', text: 'Never' },
];

export interface DeveloperInput {
  chrome: Chrome;
  principal: SessionPrincipal;
  keys: readonly ApiKey[];
  hasMore: boolean;
  created: CreatedKey | null;
  errors: string[];
  values: KeyFormValues;
  nowMs: number;
}

export function developerView({ chrome, principal, keys, hasMore, created, errors, values, nowMs }: DeveloperInput): DeveloperView {
  const offered: readonly Scope[] = SCOPES_OF_ROLE[principal.role];
  return {
    chrome,
    created: created === null ? null : { name: visible(created.name), key: created.key },
    errors,
    form: {
      name: values.name,
      mode: MODES.map((option) => ({ ...option, isChosen: option.value === values.mode })),
      scopes: offered.map((value) => ({ value, isChosen: values.scopes.includes(value) })),
      expiry: EXPIRIES.map((option) => ({ ...option, isChosen: option.value === values.expiresInDays })),
      isBound: values.isBound,
    },
    keys: keys.map((key) => keyLine(key, principal.memberId, nowMs)),
    hasMore,
  };
}

function keyLine({ id, name, mode, scopes, memberId, createdAt, expiresAt, lastUsedAt, revokedAt }: ApiKey, ownId: string, nowMs: number): KeyLine {
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= nowMs;
  const state = revokedAt !== null ? 'revoked' : isOver ? 'expired' : 'active';
  return {
    id,
    name: visible(name),
    mode,
    scopes: scopes.join(', '),
    bound: memberId === null ? null : memberId === ownId ? 'acts for you' : `acts for ${memberId}`,
    createdAt: momentOf(createdAt),
    expiresAt: expiresAt === null ? null : momentOf(expiresAt),
    lastUsedAt: lastUsedAt === null ? null : momentOf(lastUsedAt),
    state,
    tone: state === 'active' ? 'allow' : 'block',
    revokeUrl: revokedAt === null ? `/dashboard/developer/keys/${encodeURIComponent(id)}/revoke` : null,
  };
}
