import type { Attack } from './attack.ts';
import { hit, statements } from './attack.ts';
import { AT, NEIGHBOUR, OURS, THEIRS } from './scene/landmarks.ts';

const ours = `org_id = '${OURS}'`;
const at = (seq: number): string => `${ours} and seq = ${seq}`;
const checkpoint = (number: number): string => `${ours} and number = ${number}`;
const tile = (index: number): string => `${ours} and level = 0 and idx = ${index}`;
/** A number that nobody has, to exchange two by. */
const ASIDE = 100_000;

/** Exchanges the numbers of two rows. */
const swap = (table: string, column: string, of: string, [a, b]: readonly [number, number]): string[] => [
  `update ${table} set ${column} = ${ASIDE} where ${of} and ${column} = ${a}`,
  `update ${table} set ${column} = ${a} where ${of} and ${column} = ${b}`,
  `update ${table} set ${column} = ${b} where ${of} and ${column} = ${ASIDE}`,
];

/** Exchanges what stands in a column of two rows. */
const exchange = (table: string, column: string, one: string, other: string): string =>
  `update ${table} t set ${column} = case when ${one} then (select ${column} from ${table} where ${other}) else (select ${column} from ${table} where ${one}) end
   where (${one}) or (${other})`;

/** A copy of a row, with some columns changed; what keeps it from standing twice is taken away as a superuser would. */
const copy =
  (table: string, row: string, changes: Record<string, string> = {}): Attack['tamper'] =>
  async ({ sql }) => {
    const keys = await sql<{ name: string }[]>`select conname as name from pg_constraint where conrelid = ${table}::regclass and contype in ('p', 'u')`;
    for (const { name } of keys) await sql`alter table ${sql(table)} drop constraint ${sql(name)} cascade`;
    const columns = await sql<{ name: string }[]>`
      select attname as name from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`;
    const values = columns.map(({ name }) => changes[name] ?? name);
    await hit(sql, `insert into ${table} (${columns.map(({ name }) => name).join(', ')}) select ${values.join(', ')} from ${table} where ${row}`);
  };

const BODIES = [
  { table: 'agent_events', seq: AT.event },
  { table: 'hitl_decisions', seq: AT.step },
  { table: 'audit_records', seq: AT.audit },
  { table: 'policy_violations', seq: AT.violation },
] as const;

/** The neighbour's last entry. */
const LAST = THEIRS.entries - 1;
const GONE = [`ENTRY_MISMATCH entry:${AT.event + 1}`, `GAP entry:${AT.event}`];
const TOLD_OF_SIX = 'PROJECTION_MISMATCH entry:512 ×104';
const TOLD_OF_LAST = 'PROJECTION_MISMATCH entry:660 ×8';

const ENTRIES: Attack[] = [
  {
    name: 'entry deleted, its body left',
    tamper: statements(`delete from ledger_entry where ${at(AT.event)}`),
    finds: [...GONE, `ORPHAN_BODY body:${AT.event}`, 'ROOT_MISMATCH checkpoint:7'],
  },
  {
    name: 'entry deleted with its body',
    tamper: statements(`delete from ledger_entry where ${at(AT.event)}`, `delete from agent_events where ${at(AT.event)}`),
    finds: [...GONE, 'ROOT_MISMATCH checkpoint:7'],
  },
  {
    name: 'entry below a full tile deleted with its body',
    tamper: statements(`delete from ledger_entry where ${at(400)}`, `delete from agent_events where ${at(400)}`),
    finds: ['ENTRY_MISMATCH entry:401', 'GAP entry:400', 'ROOT_MISMATCH checkpoint:6'],
  },
  {
    name: 'entry hash below a full tile changed',
    tamper: statements(`update ledger_entry set entry_hash = sha256('x') where ${at(400)}`),
    finds: ['ENTRY_MISMATCH entry:400 ×2', 'ROOT_MISMATCH checkpoint:6', 'TILE_MISMATCH tile:0/1'],
  },
  {
    name: 'entry inserted behind the head',
    tamper: copy('ledger_entry', at(AT.event), { seq: String(AT.entries), record_id: 'gen_random_uuid()', at: `at + interval '1 hour'` }),
    finds: [`ENTRY_MISMATCH entry:${AT.entries}`, 'HEAD_MISMATCH head', `UNEXPLAINED_MISSING entry:${AT.entries}`],
  },
  {
    name: 'entry inserted in the middle, the later ones moved on',
    tamper: async (database) => {
      for (const table of ['ledger_entry', ...BODIES.map((each) => each.table)]) {
        await hit(database.sql, `update ${table} set seq = seq + ${ASIDE} where ${ours} and seq > ${AT.event}`);
        await hit(database.sql, `update ${table} set seq = seq - ${ASIDE - 1} where ${ours} and seq > ${ASIDE}`);
      }
      await copy('ledger_entry', at(AT.event), { seq: String(AT.event + 1), record_id: 'gen_random_uuid()' })(database);
    },
    finds: [`ENTRY_MISMATCH entry:${AT.event + 1} ×68`, 'HEAD_MISMATCH head', 'ROOT_MISMATCH checkpoint:7', `UNEXPLAINED_MISSING entry:${AT.event + 1}`],
  },
  {
    name: 'two entries swapped',
    tamper: statements(...swap('ledger_entry', 'seq', ours, [AT.event, AT.blocked])),
    finds: [
      `BODY_MISMATCH entry:${AT.event} ×2`,
      `ENTRY_MISMATCH entry:${AT.event} ×3`,
      `PROJECTION_MISMATCH entry:${AT.event} ×2`,
      'ROOT_MISMATCH checkpoint:7',
      `TIME_REGRESSION entry:${AT.blocked}`,
    ],
  },
  {
    name: 'two entries swapped with their bodies',
    tamper: statements(...swap('ledger_entry', 'seq', ours, [AT.event, AT.blocked]), ...swap('agent_events', 'seq', ours, [AT.event, AT.blocked])),
    finds: [`ENTRY_MISMATCH entry:${AT.event} ×3`, 'ROOT_MISMATCH checkpoint:7', `TIME_REGRESSION entry:${AT.blocked}`],
  },
  {
    name: 'entry duplicated',
    tamper: copy('ledger_entry', at(AT.event)),
    finds: [`DUPLICATE_SEQ entry:${AT.event}`, `ENTRY_MISMATCH entry:${AT.event}`, 'ROOT_MISMATCH checkpoint:7'],
  },
  {
    name: 'heads of two organisations exchanged',
    tamper: statements(
      `update ledger_head t set (next_seq, head, last_at, checkpoint_size) =
         (select next_seq, head, last_at, checkpoint_size from ledger_head o where o.org_id in ('${OURS}', '${NEIGHBOUR}') and o.org_id <> t.org_id)
       where org_id in ('${OURS}', '${NEIGHBOUR}')`,
    ),
    finds: ['HEAD_MISMATCH head'],
    neighbour: ['HEAD_MISMATCH head'],
  },
  { name: 'head deleted', tamper: statements(`delete from ledger_head where ${ours}`), finds: 'no export' },
];

const OF_BODIES: Attack[] = [
  ...BODIES.flatMap(({ table, seq }): Attack[] => [
    {
      name: `${table}: a body deleted`,
      tamper: statements(`delete from ${table} where ${at(seq)}`),
      finds: [`UNEXPLAINED_MISSING entry:${seq}`],
    },
    { name: `${table}: a body inserted`, tamper: copy(table, at(seq), { seq: String(AT.entries) }), finds: [`ORPHAN_BODY body:${AT.entries}`] },
    { name: `${table}: a body duplicated`, tamper: copy(table, at(seq)), finds: [`DUPLICATE_SEQ body:${seq}`] },
  ]),
  {
    name: 'agent_events: texts of two bodies swapped',
    tamper: statements(exchange('agent_events', 'body', at(AT.event), at(AT.blocked))),
    finds: [`BODY_MISMATCH entry:${AT.event} ×2`],
  },
  {
    name: 'policy_violations: two bodies swapped',
    tamper: statements(...swap('policy_violations', 'seq', ours, [AT.violation, AT.violation + 2])),
    finds: [`BODY_MISMATCH entry:${AT.violation} ×2`, `PROJECTION_MISMATCH entry:${AT.violation} ×2`],
  },
  {
    name: 'audit_records: the text of the purge entry swapped with another one',
    tamper: statements(exchange('audit_records', 'body', at(AT.audit), at(AT.purge))),
    // Nothing explains any more what was purged.
    finds: [`BODY_MISMATCH entry:${AT.audit} ×2`, 'UNEXPLAINED_MISSING entry:0 ×306'],
  },
  {
    name: 'hitl_decisions: a step given the text of an audit record',
    tamper: statements(`update hitl_decisions set body = (select body from audit_records where ${at(AT.audit)}) where ${at(AT.step)}`),
    finds: [`BODY_MISMATCH entry:${AT.step}`],
  },
  {
    name: 'body given to the organisation beside ours, under a number of theirs',
    tamper: copy('agent_events', at(AT.event), { org_id: `'${NEIGHBOUR}'::uuid`, seq: String(LAST) }),
    finds: [],
    // Theirs was the purge entry: of two bodies the first one counts.
    neighbour: [`BODY_MISMATCH entry:${LAST}`, `DUPLICATE_SEQ body:${LAST}`, `PROJECTION_MISMATCH entry:${LAST}`, 'UNEXPLAINED_MISSING entry:0 ×9'],
  },
];

const OF_CHECKPOINTS: Attack[] = [
  {
    name: 'checkpoint deleted',
    tamper: statements(`delete from ledger_checkpoint where ${checkpoint(6)}`),
    finds: ['CHECKPOINT_MISSING checkpoint:6', TOLD_OF_SIX],
  },
  {
    name: 'newest checkpoint deleted',
    tamper: statements(`delete from ledger_checkpoint where ${checkpoint(AT.checkpoints)}`),
    finds: ['HEAD_MISMATCH head', TOLD_OF_LAST],
  },
  {
    name: 'newest checkpoint deleted, the head put right',
    tamper: statements(`delete from ledger_checkpoint where ${checkpoint(AT.checkpoints)}`, `update ledger_head set checkpoint_size = 641 where ${ours}`),
    finds: [TOLD_OF_LAST],
  },
  {
    name: 'checkpoint inserted that nobody signed',
    tamper: copy('ledger_checkpoint', checkpoint(AT.checkpoints), { number: '11', note: `replace(note, E'\\n660\\n', E'\\n661\\n')`, size: '661' }),
    finds: ['BAD_SIGNATURE checkpoint:11', 'HEAD_MISMATCH head'],
  },
  {
    name: 'newest checkpoint inserted again under the next number',
    tamper: copy('ledger_checkpoint', checkpoint(AT.checkpoints), { number: '11' }),
    finds: [],
    harmless: 'it says once more what was signed',
  },
  {
    name: 'two checkpoints swapped',
    tamper: statements(...swap('ledger_checkpoint', 'number', ours, [6, 7])),
    finds: ['INCONSISTENT_CHECKPOINTS checkpoint:7', 'TIME_REGRESSION checkpoint:7'],
  },
  { name: 'checkpoint duplicated', tamper: copy('ledger_checkpoint', checkpoint(6)), finds: ['CHECKPOINT_MISSING checkpoint:7'] },
  {
    name: 'checkpoint of the organisation beside ours put in the place of ours',
    tamper: statements(
      `update ledger_checkpoint set (size, root, note, signed_at) = (select size, root, note, signed_at from ledger_checkpoint where org_id = '${NEIGHBOUR}' and number = 5)
       where ${checkpoint(AT.checkpoints)}`,
    ),
    finds: ['BAD_SIGNATURE checkpoint:10', 'HEAD_MISMATCH head', TOLD_OF_LAST],
  },
  { name: 'tile deleted', tamper: statements(`delete from ledger_tile where ${tile(1)}`), finds: ['TILE_MISMATCH tile:0/1'] },
  { name: 'tile inserted', tamper: copy('ledger_tile', tile(1), { idx: '2' }), finds: ['TILE_MISMATCH tile:0/2'] },
  { name: 'two tiles swapped', tamper: statements(exchange('ledger_tile', 'root', tile(0), tile(1))), finds: ['TILE_MISMATCH tile:0/0 ×2'] },
  { name: 'tile duplicated', tamper: copy('ledger_tile', tile(1)), finds: ['TILE_MISMATCH tile:0/1'] },
  {
    name: 'tile of pruned entries changed',
    on: 'pruned',
    tamper: statements(`update ledger_tile set root = sha256('x') where ${tile(0)}`),
    finds: ['ROOT_MISMATCH checkpoint:2'],
  },
  {
    name: 'tile of pruned entries deleted',
    on: 'pruned',
    tamper: statements(`delete from ledger_tile where ${tile(0)}`),
    // No root at all can be computed.
    finds: ['ROOT_MISMATCH checkpoint:1', 'TILE_MISMATCH tile:0/0'],
  },
];

const newestLeaf = `${ours} and number = ${AT.checkpoints}`;
const newestDeployment = 'number = (select max(number) from deployment_checkpoint)';
const STANDS_ALONE = 'the organisation’s own checkpoints stand without it';
const BAD_PROOF = { finds: ['BAD_PROOF deployment'], neighbour: ['BAD_PROOF deployment'] };

const OF_DEPLOYMENT: Attack[] = [
  { name: 'leaf of the deployment log deleted', tamper: statements(`delete from deployment_leaf where ${newestLeaf}`), ...BAD_PROOF },
  {
    name: 'leaf of the deployment log inserted',
    tamper: copy('deployment_leaf', newestLeaf, { idx: 'idx + 1000' }),
    finds: [],
    harmless: 'it lies behind what was signed',
  },
  {
    name: 'two leaves of the deployment log swapped',
    tamper: statements(exchange('deployment_leaf', 'hash', 'idx = 0', 'idx = 1')),
    finds: [],
    harmless: 'they lie in a full tile, whose root is proved with',
  },
  {
    name: 'newest two leaves of the deployment log swapped',
    tamper: statements(exchange('deployment_leaf', 'hash', newestLeaf, `idx = 272`)),
    ...BAD_PROOF,
  },
  { name: 'leaf of the deployment log duplicated', tamper: copy('deployment_leaf', newestLeaf), finds: [], harmless: 'it lies behind what was signed' },
  {
    name: 'newest checkpoint of the deployment log deleted',
    tamper: statements(`delete from deployment_checkpoint where ${newestDeployment}`),
    finds: [],
    harmless: STANDS_ALONE,
  },
  {
    name: 'deployment log deleted',
    tamper: statements('delete from deployment_checkpoint', 'delete from deployment_leaf', 'delete from deployment_tile'),
    ...BAD_PROOF,
  },
  {
    name: 'checkpoint of the deployment log inserted that nobody signed',
    tamper: copy('deployment_checkpoint', newestDeployment, { number: 'number + 1', note: `replace(note, E'\\n275\\n', E'\\n274\\n')`, size: '274' }),
    finds: ['BAD_SIGNATURE deployment'],
    neighbour: ['BAD_SIGNATURE deployment'],
  },
  {
    name: 'two checkpoints of the deployment log swapped',
    tamper: statements(exchange('deployment_checkpoint', 'note', newestDeployment, 'number = 1')),
    ...BAD_PROOF,
  },
  {
    name: 'checkpoint of the deployment log duplicated',
    tamper: copy('deployment_checkpoint', newestDeployment),
    finds: [],
    harmless: 'it says once more what was signed',
  },
  { name: 'tile of the deployment log deleted', tamper: statements('delete from deployment_tile'), ...BAD_PROOF },
  {
    name: 'tile of the deployment log inserted',
    tamper: copy('deployment_tile', 'idx = 0', { idx: '1' }),
    finds: [],
    harmless: 'it lies behind what was signed',
  },
];

const allBad = (...more: string[]): Pick<Attack, 'finds' | 'neighbour'> => ({
  finds: [`BAD_SIGNATURE checkpoint:1 ×${AT.checkpoints}`, ...more, `MISSING_HEARTBEAT checkpoint:${AT.checkpoints + 1}`, 'TILE_MISMATCH tile:0/0 ×2'],
  neighbour: [`BAD_SIGNATURE checkpoint:1 ×${THEIRS.checkpoints}`, ...more, `MISSING_HEARTBEAT checkpoint:${THEIRS.checkpoints + 1}`],
});

const OF_KEYS: Attack[] = [
  { name: 'log’s key deleted', tamper: statements(`delete from log_key where use = 'log'`), ...allBad() },
  { name: 'key of the time deleted', tamper: statements(`delete from log_key where use = 'time'`), ...allBad('BAD_SIGNATURE deployment') },
  {
    name: 'key of the deployment log deleted',
    tamper: statements(`delete from log_key where use = 'deployment'`),
    finds: ['BAD_SIGNATURE deployment'],
    neighbour: ['BAD_SIGNATURE deployment'],
  },
  {
    name: 'uses of two keys swapped',
    tamper: statements(`update log_key set use = case use when 'log' then 'deployment' else 'log' end where use in ('log', 'deployment')`),
    ...allBad('BAD_SIGNATURE deployment'),
  },
  {
    name: 'what was stated of the pruned entries deleted',
    on: 'pruned',
    tamper: statements(`delete from ledger_prune where ${ours}`),
    finds: ['ENTRY_MISMATCH entry:256', 'GAP entry:0', 'ROOT_MISMATCH checkpoint:1'],
  },
];

/** Rows deleted, inserted, swapped and duplicated in each table of the ledger. */
export const ROW_ATTACKS: readonly Attack[] = [...ENTRIES, ...OF_BODIES, ...OF_CHECKPOINTS, ...OF_DEPLOYMENT, ...OF_KEYS];
