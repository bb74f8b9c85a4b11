import type { Finding } from '../../mast/finding.ts';
import { isPathArg, isUrlArg } from '../argument-kinds.ts';
import type { DetectionContext } from '../context.ts';
import { credentialPath } from '../credential-paths.ts';
import { isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { CODE_KEYS, isExecTool } from '../exec-tool.ts';
import { findSecretKinds } from '../secret-shapes.ts';
import { walkArgs, walkNodes } from '../walk-args.ts';

/** Secrets on their way out and credential stores being touched: block. Secrets coming in: alert. Evidence names the kind and the place, never the secret. */
export function detectSpcCred(context: DetectionContext, _views: readonly EventText[]): Finding | null {
  return secretInCall(context) ?? credentialStore(context) ?? secretInContent(context);
}

function secretInCall({ event }: DetectionContext): Finding | null {
  if (!isToolCall(event)) return null;
  let lastKey = '';
  for (const { pointer, rawKey, value } of walkNodes(event.tool?.args, '/tool/args')) {
    // The elements of an array all carry its key; it is read once.
    const ofKey = rawKey.length >= 16 && rawKey !== lastKey ? findSecretKinds(rawKey) : [];
    lastKey = rawKey;
    const kinds = [...(typeof value === 'string' ? findSecretKinds(value) : []), ...ofKey];
    if (kinds.length > 0) return finding('block', 0.95, `The argument at ${pointer} carries a secret (${kinds.join(', ')}).`, { pointer, kinds });
  }
  return null;
}

function credentialStore({ event, profile }: DetectionContext): Finding | null {
  const ofResource = event.resource?.path === undefined ? null : credentialPath(event.resource.path);
  if (ofResource !== null) return storeTouched('/resource/path', ofResource);
  if (event.tool === undefined || !isToolCall(event)) return null;
  const runsAll = isExecTool(event.tool, profile);
  for (const leaf of walkArgs(event.tool.args, '/tool/args')) {
    if (typeof leaf.value !== 'string') continue;
    // Prose may mention `.env`; a path, a URL, a command or a lone word names the thing itself.
    const namesAThing = isPathArg(leaf) || isUrlArg(leaf) || runsAll || CODE_KEYS.has(leaf.key) || (leaf.value.length <= 1024 && !/\s/.test(leaf.value));
    const kind = namesAThing ? credentialPath(leaf.value) : null;
    if (kind !== null) return storeTouched(leaf.pointer, kind);
  }
  return null;
}

const storeTouched = (pointer: string, kind: string): Finding =>
  finding('block', 0.9, `The call touches a credential store at ${pointer} (${kind}).`, { pointer, kinds: [kind] });

function secretInContent({ event }: DetectionContext): Finding | null {
  const kinds = event.content === undefined ? [] : findSecretKinds(event.content);
  return kinds.length === 0 ? null : finding('alert', 0.9, `The content carries a secret (${kinds.join(', ')}).`, { pointer: '/content', kinds });
}

const finding = (outcome: 'block' | 'alert', confidence: number, reason: string, evidence: Finding['evidence']): Finding => ({
  detector: 'spc.cred',
  category: 'Space',
  mode: null,
  confidence,
  outcome,
  reason,
  evidence,
});
