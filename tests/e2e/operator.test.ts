import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import proto from '@temporalio/proto';
import { Client } from '@temporalio/client';
import type { Decision } from '../../schemas/decision.ts';
import { reviewUpdate } from '../../workflows/messages.ts';
import { SHORT_LADDER } from '../support/policies.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const ProtoHistory = proto.temporal.api.history.v1.History;
const ProtoDescription = proto.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse;
/** Stands in every free text of the event and nowhere else. */
const MARKER = 'zq7-marker-of-the-operator-test';

let product: TestProduct;
let decision: Decision;
let workflowId: string;
beforeAll(async () => {
  product = await startTestProduct({ policy: SHORT_LADDER });
  decision = await product.decide({
    agentId: 'treasury',
    action: 'transfer',
    sessionId: 'ses-operator',
    content: `please: ${MARKER}`,
    principal: { user: MARKER },
    tool: { name: 'delete_database', args: { note: MARKER, [MARKER]: 1 } },
  });
  workflowId = `gov/${product.orgId}/${decision.eventId}`;
  await waitForReview();
});
afterAll(() => product.stop());

/** What an operator types. */
async function temporal(args: string[], decodeWith?: string): Promise<string> {
  const cli = process.env['TEST_TEMPORAL_CLI'] ?? '';
  const codec = decodeWith === undefined ? [] : ['--codec-endpoint', `${product.apiUrl}/codec`, '--codec-auth', `Bearer ${decodeWith}`];
  const at = ['--address', process.env['TEST_TEMPORAL_ADDRESS'] ?? '', '--namespace', product.temporal.options.namespace, '--color', 'never'];
  const { stdout } = await run(cli, ['workflow', ...args, ...at, ...codec], { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' } });
  return stdout;
}

async function waitForReview(): Promise<void> {
  const query = `WorkflowId="${workflowId}" and ReviewState="pending"`;
  await until(async () => (await product.temporal.workflow.count(query)).count > 0);
}

describe('an operator with the command line of Temporal', () => {
  test('finds the runs that wait for people by what they are', async () => {
    const listed = JSON.parse(await temporal(['list', '--query', 'Decision="HITL" and ReviewState="pending"', '--output', 'json'])) as {
      execution: { workflowId: string };
    }[];
    expect(listed.map(({ execution }) => execution.workflowId)).toEqual([workflowId]);
    const due = await temporal([
      'list',
      '--query',
      `OrgId="${product.orgId}" and AgentId="treasury" and MastCategory="Action" and ReviewDueAt > "${new Date().toISOString()}"`,
      '--output',
      'json',
    ]);
    expect(JSON.parse(due)).toHaveLength(1);
  });

  test('sees organisation, agent, decision, categories, risk and due time on the run', async () => {
    const described = JSON.parse(await temporal(['describe', '--workflow-id', workflowId, '--output', 'json'])) as {
      workflowExecutionInfo: { searchAttributes: { indexedFields: Record<string, { data: string }> } };
    };
    const fields = described.workflowExecutionInfo.searchAttributes.indexedFields;
    const read = (name: string): unknown => JSON.parse(Buffer.from(fields[name]?.data ?? '', 'base64').toString());
    expect(Object.fromEntries(['OrgId', 'AgentId', 'Decision', 'ReviewState', 'MastCategory', 'RiskScore'].map((name) => [name, read(name)]))).toEqual({
      OrgId: product.orgId,
      AgentId: 'treasury',
      Decision: 'HITL',
      ReviewState: 'pending',
      MastCategory: ['Action'],
      RiskScore: decision.riskScore,
    });
    expect(Date.parse(String(read('ReviewDueAt')))).toBeGreaterThan(Date.now());
  });

  test('reads through the codec endpoint what the run is, what it waits for, and who may decide', async () => {
    const plain = await temporal(['describe', '--workflow-id', workflowId], product.apiKey);
    expect(plain).toContain('treasury: transfer (session ses-operator)');
    const metadata = await metadataAsTheUiReadsIt();
    for (const said of [
      'Waiting for a reviewer',
      'level 1 of 2',
      '`transfer` of agent `treasury`',
      'transfers are decided by people',
      'Reviewer',
      'due:',
      `${decision.review?.url}`,
    ])
      expect(metadata).toContain(said);
    const shown = await until(async () => {
      const history = allBase64(await temporal(['show', '--workflow-id', workflowId, '--output', 'json'], product.apiKey));
      return history.includes('level 1 of 2 runs out') && history;
    });
    expect(shown).toContain(MARKER);
  });

  test('reads nothing of it without the endpoint, or with a key of another organisation', async () => {
    const stranger = await product.addOrganization();
    const theirs = await temporal(['show', '--workflow-id', workflowId, '--output', 'json'], stranger.apiKey);
    for (const shown of [
      await temporal(['show', '--workflow-id', workflowId, '--output', 'json']),
      await temporal(['describe', '--workflow-id', workflowId, '--output', 'json']),
      theirs,
    ]) {
      expect(shown).toContain(workflowId.split('/')[0]);
      expect(shown + allBase64(shown)).not.toContain(MARKER);
    }
  });
});

test('what Temporal keeps of an event, from its start to the end of its review, holds none of its text', async () => {
  await product.keyOf('Reviewer');
  const vote = { requestId: randomUUID(), reviewer: { memberId: 'mem_reviewer' }, verb: 'approve' as const, reason: MARKER };
  const handle = product.temporal.workflow.getHandle(workflowId);
  await handle.executeUpdate(reviewUpdate, { args: [vote] });
  await handle.result();
  const namespace = product.temporal.options.namespace;
  const raw = new Client({ connection: product.temporal.connection, namespace }).workflow.getHandle(workflowId);
  const history = await raw.fetchHistory();
  const described = await raw.client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
  const names = (history.events ?? []).map((event) => Object.keys(event).find((name) => name.endsWith('Attributes')));
  for (const seen of [
    'workflowExecutionStartedEventAttributes',
    'markerRecordedEventAttributes',
    'activityTaskScheduledEventAttributes',
    'workflowExecutionUpdateAcceptedEventAttributes',
    'workflowExecutionCompletedEventAttributes',
  ])
    expect(names).toContain(seen);
  // Payloads stand in the binary as they are: a readable one would show the marker.
  const kept = [ProtoHistory.encode(ProtoHistory.fromObject(history)).finish(), ProtoDescription.encode(described).finish()];
  for (const bytes of kept) {
    expect(Buffer.from(bytes).includes(product.orgId)).toBe(true);
    expect(Buffer.from(bytes).includes(MARKER)).toBe(false);
  }
  const [start] = history.events ?? [];
  const input = start?.workflowExecutionStartedEventAttributes;
  for (const payload of [...(input?.input?.payloads ?? []), input?.memo?.fields?.['digest'], start?.userMetadata?.summary]) {
    expect(Buffer.from(payload?.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
    expect(Buffer.from(payload?.metadata?.['encryption-key-id'] ?? []).toString()).toBe(`v1:${product.orgId}`);
  }
});

/** The UI asks the run for its metadata and lets the endpoint decode the answer. */
async function metadataAsTheUiReadsIt(): Promise<string> {
  const { queryResult } = await product.temporal.workflowService.queryWorkflow({
    namespace: product.temporal.options.namespace,
    execution: { workflowId },
    query: { queryType: '__temporal_workflow_metadata' },
  });
  const [payload] = queryResult?.payloads ?? [];
  const metadata = Object.fromEntries(Object.entries(payload?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
  const body = { payloads: [{ metadata, data: Buffer.from(payload?.data ?? []).toString('base64') }] };
  const answer = await product.call<{ payloads: { data: string }[] }>('POST', '/codec/decode', {
    body,
    headers: { authorization: `Bearer ${product.apiKey}` },
  });
  return JSON.parse(Buffer.from(answer.body.payloads[0]?.data ?? '', 'base64').toString()).currentDetails as string;
}

/** Every base64 text of a JSON answer, decoded and put one after another. */
function allBase64(json: string): string {
  return [...json.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)].map(([, text]) => Buffer.from(text ?? '', 'base64').toString()).join('\n');
}
