import { canonicalize } from '../../../../core/json/canonical.ts';
import type { Json as JsonValue } from '../../../../schemas/json.ts';
import { sha256Hex } from '../sha256-hex.ts';
import type { Members } from './json-rpc.ts';

/** A tool as it was accepted. */
export interface ToolPin {
  /** Of the RFC 8785 text of the definition. */
  sha256: string;
  /** RFC 3339. */
  acceptedAt: string;
  definition: Members;
}

/** Accepted tools by the server they were seen on, which is told by how it was asked for, never by what it says of itself. */
export interface ToolPins {
  /** By the tool's name; undefined for a server of which nothing is pinned. */
  read: (server: string) => Promise<ReadonlyMap<string, ToolPin> | undefined>;
  /** Adds or replaces. */
  write: (server: string, pins: ReadonlyMap<string, ToolPin>) => Promise<void>;
}

/** For one process: what was accepted is forgotten with it. */
export function memoryPins(): ToolPins {
  const servers = new Map<string, Map<string, ToolPin>>();
  return {
    read: async (server) => servers.get(server),
    async write(server, pins) {
      servers.set(server, new Map([...(servers.get(server) ?? []), ...pins]));
    },
  };
}

/** @throws RangeError for a definition that is no I-JSON */
export const pinOf = (definition: Members): ToolPin => ({
  sha256: sha256Hex(canonicalize(definition as JsonValue)),
  acceptedAt: new Date().toISOString(),
  definition,
});

/** What of a definition differs, as JSON Pointers with both values. */
export function changesOf(before: unknown, after: unknown, pointer = ''): { pointer: string; before: unknown; after: unknown }[] {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changesOf(own(before, key), own(after, key), `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
  }
  return before === after ? [] : [{ pointer, before, after }];
}

const isTree = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const own = (value: Members, key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined);
