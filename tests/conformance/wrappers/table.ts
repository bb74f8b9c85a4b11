import { installedVersion } from '../../chaos/peers/install.ts';
import { PEERS } from '../../integrations/peers/install.ts';
import { ANTHROPIC_BEHAVIOURS } from './anthropic/all-behaviours.ts';
import { OPENAI_BEHAVIOURS } from './openai/all-behaviours.ts';
import type { Row, Table } from './run-comparison.ts';
import type { Subject, WrapperName } from './subject.ts';

const PACKAGES: Partial<Record<WrapperName, string>> = { langfuse: '@langfuse/openai', langsmith: 'langsmith', braintrust: 'braintrust' };

/** `AzureOpenAI of openai`, `OpenAI of openai7`. */
export const clientOf = ({ client, sdk }: Subject): string => `${client} of ${sdk.replace(/\d+$/, '')}`;

/** With its version, where it is a package of others. */
export function wrapperOf({ wrapper }: Subject): string {
  const name = PACKAGES[wrapper];
  return name === undefined ? 'ours' : `${name} ${installedVersion([name], PEERS)}`;
}

/** One line for a terminal. */
export function lineOf({ subject, versions, comparison }: Row): string {
  const { differing, behaviours, asked, unseen, leaked } = comparison;
  const counts = [
    `${differing.length} of ${behaviours} behaviours differ`,
    `${countOf(unseen)} of ${asked} requests unseen`,
    leaked === null ? 'cannot refuse' : `${countOf(leaked)} leaked`,
  ];
  return `${wrapperOf(subject)}, ${clientOf(subject)} ${versions.sdk}, Node ${versions.node}: ${counts.join(', ')}`;
}

/** What differs, for somebody who wants to know where. */
export function detailsOf({ comparison: { differing, unseen, leaked } }: Row): string[] {
  return [
    ...differing.flatMap(({ behaviour, at }) => [`  differs: ${behaviour}`, ...at.map((where) => `    ${where}`)]),
    ...unseen.map(({ behaviour, requests }) => `  unseen: ${behaviour}: ${requests.join(', ')}`),
    ...(leaked ?? []).map(({ behaviour, requests }) => `  leaked: ${behaviour}: ${requests.join(', ')}`),
  ];
}

/** `docs/conformance.md`. */
export function markdownOf({ rows, skipped }: Table): string {
  return [
    '# Wrapper conformance',
    '',
    'Written by `npm run conformance -- --write docs/conformance.md`.',
    '',
    READING,
    '',
    '| wrapper | client | Node | behaviours that differ | requests it did not see | requests that left although all was refused |',
    '|---|---|---|---|---|---|',
    ...rows.map(({ subject, versions, comparison: { differing, behaviours, asked, unseen, leaked } }) => {
      const cells = [
        wrapperOf(subject),
        `${clientOf(subject)} ${versions.sdk}`,
        versions.node,
        `${differing.length} of ${behaviours}`,
        `${countOf(unseen)} of ${asked}`,
        leaked === null ? 'it refuses none' : String(countOf(leaked)),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
    '',
    `The behaviours of OpenAI and Azure OpenAI: ${namesOf(OPENAI_BEHAVIOURS)}. Of Anthropic: ${namesOf(ANTHROPIC_BEHAVIOURS)}.`,
    '',
    ...rows.flatMap(sectionOf),
    ...(skipped.length === 0
      ? []
      : ['## Not compared', '', ...skipped.map(({ subject, reason }) => `- ${subject.wrapper} with ${clientOf(subject)}: ${reason}`), '']),
  ].join('\n');
}

const READING = `Each client lives through its behaviours twice, bare and wrapped, against a local server that speaks the formats of OpenAI, Azure OpenAI and
Anthropic and answers the same question with the same bytes. What the caller notices (answers, events, headers, errors by \`instanceof\`, unhandled rejections) and what leaves for the server (address, headers, body, attempts) are compared: a
behaviour differs where any of it does. A request is seen where its question is found in what the wrapper recorded: events for ours, spans for the others, which trace and cannot refuse. With ours, everything is done once more with every call refused.`;

function sectionOf({ subject, versions, comparison: { differing, unseen } }: Row): string[] {
  if (differing.length === 0 && unseen.length === 0) return [];
  const named = (list: readonly { behaviour: string }[]): string => list.map(({ behaviour }) => behaviour).join(', ');
  return [
    `## ${wrapperOf(subject)}, ${clientOf(subject)} ${versions.sdk}`,
    '',
    ...(differing.length === 0 ? [] : [`- Differs: ${named(differing)}.`]),
    ...(unseen.length === 0 ? [] : [`- Requests it did not see: ${unseen.map(({ behaviour, requests }) => `${behaviour} (${requests.length})`).join(', ')}.`]),
    '',
  ];
}

const namesOf = (behaviours: readonly { name: string }[]): string => behaviours.map(({ name }) => name).join(', ');
const countOf = (list: readonly { requests: readonly string[] }[]): number => list.reduce((sum, { requests }) => sum + requests.length, 0);
