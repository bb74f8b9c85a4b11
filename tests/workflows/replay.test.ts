import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { HISTORIES_MASTER_KEY } from './histories-key.ts';
import { historyOfText, type History } from './run-history.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {}, filter: 'OFF' } }, shutdownSignals: [] });

const DIRECTORY = join(import.meta.dirname, 'histories');
const FILES = readdirSync(DIRECTORY).toSorted();
const load = (file: string): string => readFileSync(join(DIRECTORY, file), 'utf8');

let options: ReplayWorkerOptions;
beforeAll(async () => {
  options = { workflowBundle: { code: await buildWorkflowBundle() }, dataConverter: { payloadCodecs: [createPayloadCodec(HISTORIES_MASTER_KEY)] } };
});

/** What went wrong in each history, by name; undefined where it was replayed. */
async function replay(histories: { workflowId: string; history: History }[]): Promise<Record<string, Error | undefined>> {
  const errors: Record<string, Error | undefined> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) errors[workflowId] = error;
  return errors;
}

test('every workflow has histories, of runs that ended and of runs that wait', () => {
  const types = new Set(FILES.map((file) => historyOfText(load(file)).events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name));
  expect(types).toEqual(
    new Set([
      'governEvent',
      'observeEvents',
      'maintainLedger',
      'notifyReviewers',
      'deliverNotification',
      'testChannel',
      'conductReview',
      'decideReviews',
      'sweepReviews',
      'resumeSweeps',
      'eraseSubject',
      'anchorCheckpoints',
      'publishToAnchor',
      'verifyLedger',
      'verifyLedgers',
      'retentionPurge',
      'deliverWebhook',
      'testWebhook',
    ]),
  );
  expect(FILES.length).toBeGreaterThanOrEqual(25);
});

test('every committed history is replayed by the workflows as they are now', async () => {
  const errors = await replay(FILES.map((file) => ({ workflowId: file, history: historyOfText(load(file)) })));
  expect(errors).toEqual(Object.fromEntries(FILES.map((file) => [file, undefined])));
});

test.each([
  ['another activity', 'govern-event.hitl-pending.json', '"readLadder"', '"loadLadder"'],
  ['another local activity before its regular one', 'govern-event.database-away.json', '"EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"', '"EVENT_TYPE_TIMER_STARTED"'],
  ['an activity of another name in the batch', 'observe-events.database-away.json', '"observeEvents"', '"recordEvents"'],
  ['upkeep that calls something else', 'maintain-ledger.done.json', '"makePartitions"', '"dropPartitions"'],
  ['anchors that are looked at by something else', 'anchor-checkpoints.started.json', '"surveyAnchors"', '"listAnchors"'],
  ['an anchor that is shown something else', 'publish-to-anchor.several-pages.json', '"publishToAnchor"', '"publishToAll"'],
  ['a sweep that calls something else', 'sweep-reviews.two-pages.json', '"sweepPage"', '"sweepAll"'],
  ['an erasure that deletes something else', 'erase-subject.completed.json', '"erasePage"', '"eraseAll"'],
  ['a check that calls something else', 'verify-ledger.done.json', '"checkLedger"', '"repairLedger"'],
  ['a purge that deletes before it is recorded', 'retention-purge.purged.json', '"recordPurges"', '"deleteBodies"'],
  ['a webhook that is sent by something else', 'deliver-webhook.delivered.json', '"sendWebhook"', '"postWebhook"'],
  ['a daily check that starts other runs', 'verify-ledgers.done.json', '"verifyLedger"', '"repairLedger"'],
])('a history with %s is told apart', async (_what, file, is, becomes) => {
  const text = load(file);
  expect(text).toContain(is);
  const history = historyOfText(text);
  const tampered = historyOfText(
    JSON.stringify({
      events: (JSON.parse(text) as { events: { eventType: string }[] }).events.map((event) =>
        event.eventType.endsWith('EXECUTION_STARTED') ? event : JSON.parse(JSON.stringify(event).replaceAll(is, becomes)),
      ),
    }),
  );
  expect(tampered).not.toEqual(history);
  const errors = await replay([{ workflowId: file, history: tampered }]);
  expect(errors[file]).toBeInstanceOf(DeterminismViolationError);
});

test('the histories hold no readable payload', () => {
  for (const file of FILES) {
    for (const word of ['look_up', 'treasury', 'Ignore all previous']) expect(load(file)).not.toContain(Buffer.from(word).toString('base64').slice(0, -4));
  }
});
