import { actionOf, agentOf, factsOf, headlineOf, linksOf, reasonsOf, type ReviewNotice } from './notification.ts';

/** A message for an incoming webhook of Slack: `text` is what notifications show, `blocks` is the message. */
export function renderSlack(notice: ReviewNotice): Record<string, unknown> {
  const headline = headlineOf(notice);
  const reasons = reasonLines(notice);
  return {
    text: `${escapeText(headline)}: ${code(agentOf(notice))}, ${code(actionOf(notice))}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: headline.slice(0, MAX_HEADER), emoji: false } },
      { type: 'section', fields: factsOf(notice).map(({ label, value, fromAgent }) => markdown(`*${label}*\n${valueOf(label, value, fromAgent, notice)}`)) },
      ...(reasons === '' ? [] : [{ type: 'section', text: markdown(`*Reasons*\n\`\`\`${reasons}\`\`\``) }]),
      // Links rather than buttons: Slack marks a button as broken where its app answers no interactions, and a webhook's does not.
      { type: 'section', text: markdown(linksOf(notice).map(link).join('   ')) },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** `verbatim` keeps Slack from looking for links, channels and mentions itself; a date or a link that is written out still works. */
const markdown = (text: string): Record<string, unknown> => ({ type: 'mrkdwn', text, verbatim: true });

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Slack has no escape for `*`, `_`, `~`, `:emoji:` or a backtick, so what an agent wrote stands in code, where only a backtick counts. */
const literal = (text: string): string => escapeText(text.replaceAll('`', "'"));
const code = (text: string): string => `\`${literal(text)}\``;

const link = ({ label, url }: { label: string; url: string }): string => `<${escapeText(new URL(url).href).replaceAll('|', '%7C')}|${label}>`;

function valueOf(label: string, value: string, fromAgent: boolean, { dueAt }: ReviewNotice): string {
  if (fromAgent) return code(value);
  // Slack shows it in the reader's own zone.
  if (label === 'Due' && dueAt !== null) return `<!date^${Math.floor(Date.parse(dueAt) / 1_000)}^{date_short_pretty} {time}|${escapeText(value)}>`;
  return escapeText(value);
}

/** As many reasons as a section holds once they are escaped. */
function reasonLines(notice: ReviewNotice): string {
  const { shown, more } = reasonsOf(notice);
  const lines: string[] = [];
  let length = 0;
  for (const reason of shown) {
    const line = `- ${literal(reason)}`;
    if (length + line.length + 1 > MAX_REASONS_LENGTH) break;
    lines.push(line);
    length += line.length + 1;
  }
  const left = shown.length - lines.length + more;
  return [...lines, ...(left === 0 ? [] : [`and ${left} more`])].join('\n');
}

const MAX_HEADER = 150;
/** A section's text holds 3,000 characters; the rest is for the title, the fence and the count of what is left out. */
const MAX_REASONS_LENGTH = 2_900;
