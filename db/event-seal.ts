import { eventSubject, mergeEvent, splitEvent } from '../core/ledger/personal-fields.ts';
import type { EventRecord, StoredEventRecord } from '../core/ledger/event-record.ts';
import type { ReadableEvent } from '../core/ledger/personal-fields.ts';
import type { GovernanceEvent } from '../schemas/event.ts';
import { findRecordedEvent, loadEventBodies, type RecordedEvent } from './queries/ledger.ts';
import type { Sealing, SubjectVault } from './subject-vault.ts';

export interface SealedEvent extends Sealing {
  readable: ReadableEvent;
  /** Reference of the subject whose the free text is. */
  holder: string;
}

const placeOf = (eventId: string): string => `event/${eventId}`;

/** An event as its body keeps it. */
export function sealEvent(vault: SubjectVault, orgId: string, event: GovernanceEvent): SealedEvent {
  const { readable, holder, personal } = splitEvent(event);
  const parts = personal.map(({ subject, fields }) => ({ place: placeOf(event.id), subject: vault.refOf(orgId, subject), fields }));
  return { readable, holder: vault.refOf(orgId, holder), ...vault.seal(orgId, parts) };
}

/** Recorded bodies with their personal fields, in order. @throws SealBroken */
export async function openEventRecords(vault: SubjectVault, orgId: string, bodies: readonly string[]): Promise<EventRecord[]> {
  const records = bodies.map((body) => JSON.parse(body) as StoredEventRecord);
  const opened = await vault.open(
    orgId,
    records.flatMap((record) => (record.v === 1 ? [] : record.sealed.map((sealed) => ({ place: placeOf(record.event.id), sealed })))),
  );
  let at = 0;
  return records.map((record) => {
    if (record.v === 1) return { ...withoutVersion(record), holder: vault.refOf(orgId, eventSubject(record.event.id)), erased: false };
    const parts = opened.slice(at, (at += record.sealed.length));
    const event = mergeEvent(
      record.event,
      parts.filter((part) => part !== null),
    );
    const { sealed: _sealed, eventDigest: _digest, ...rest } = withoutVersion(record);
    return parts.includes(null) ? { ...rest, event, erased: true } : { ...rest, event: event as GovernanceEvent, erased: false };
  });
}

/** A recorded event and its place; undefined when there is none (or its body has been purged). */
export async function openRecordedEvent(
  vault: SubjectVault,
  { orgId, eventId }: { orgId: string; eventId: string },
): Promise<(RecordedEvent & { record: EventRecord }) | undefined> {
  const recorded = await findRecordedEvent(vault.sql, { orgId, eventId });
  if (recorded === undefined) return undefined;
  const [record] = await openEventRecords(vault, orgId, [recorded.body]);
  return record && { ...recorded, record };
}

/** Records of the events that are on record, by event id. */
export async function openRecordsOf(
  vault: SubjectVault,
  { orgId, eventIds }: { orgId: string; eventIds: readonly string[] },
): Promise<Map<string, EventRecord>> {
  const bodies = [...(await loadEventBodies(vault.sql, { orgId, eventIds }))];
  const records = await openEventRecords(
    vault,
    orgId,
    bodies.map(([, body]) => body),
  );
  return new Map(bodies.flatMap(([eventId], index) => (records[index] === undefined ? [] : [[eventId, records[index]] as const])));
}

function withoutVersion<Stored extends StoredEventRecord>({ v: _version, ...rest }: Stored): Omit<Stored, 'v'> {
  return rest;
}
