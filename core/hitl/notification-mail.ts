import { actionOf, agentOf, factsOf, headlineOf, linksOf, reasonsOf, type ReviewNotice } from './notification.ts';

export interface MailText {
  subject: string;
  text: string;
  html: string;
}

/** A mail that loads nothing and follows nobody: no image, no font, no link but ours. */
export function renderMail(notice: ReviewNotice): MailText {
  return { subject: `${headlineOf(notice)}: ${agentOf(notice)}, ${actionOf(notice)}`, text: plainPart(notice), html: htmlPart(notice) };
}

function plainPart(notice: ReviewNotice): string {
  const { shown, more } = reasonsOf(notice);
  return [
    headlineOf(notice),
    '',
    ...factsOf(notice).map(({ label, value }) => `${`${label}:`.padEnd(12)}${value}`),
    ...(shown.length === 0 ? [] : ['', 'Reasons:', ...shown.map((reason) => `- ${reason}`), ...moreLine(more)]),
    '',
    ...linksOf(notice).map(({ label, url }) => `${label}: ${url}`),
    ...(notice.decideUrl === null ? [] : ['', WARNING]),
    '',
  ].join('\n');
}

function htmlPart(notice: ReviewNotice): string {
  const { shown, more } = reasonsOf(notice);
  const facts = factsOf(notice).map(
    ({ label, value, fromAgent }) =>
      `<tr><th align="left" style="padding:2px 16px 2px 0">${escapeHtml(label)}</th><td>${fromAgent ? `<code>${escapeHtml(value)}</code>` : escapeHtml(value)}</td></tr>`,
  );
  const reasons = [...shown, ...moreLine(more)].map((reason) => `<li>${escapeHtml(reason)}</li>`);
  const links = linksOf(notice).map(({ label, url }) => `<a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(label)}</a>`);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    // What Apple's clients would turn into links although it is none.
    '<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escapeHtml(headlineOf(notice))}</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5">',
    `<h1 style="font-size:18px">${escapeHtml(headlineOf(notice))}</h1>`,
    `<table>${facts.join('')}</table>`,
    ...(reasons.length === 0 ? [] : [`<p>Reasons:</p><ul>${reasons.join('')}</ul>`]),
    `<p>${links.join(' &nbsp; ')}</p>`,
    ...(notice.decideUrl === null ? [] : [`<p>${escapeHtml(WARNING)}</p>`]),
    '</body></html>',
    '',
  ].join('\n');
}

const moreLine = (more: number): string[] => (more === 0 ? [] : [`and ${more} more`]);

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const WARNING = 'The link to decide is yours alone: whoever has it decides in your name. Do not pass this mail on.';
