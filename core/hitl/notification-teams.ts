import { factsOf, headlineOf, linksOf, reasonsOf, type ReviewNotice } from './notification.ts';

/**
 * A message for a webhook of a Teams workflow: one Adaptive Card in the envelope that the old connectors took as well. All text is in text
 * runs, which know no Markdown; a TextBlock would read links out of what an agent wrote. The limits of `notification.ts` keep it far from
 * Teams' 28 KB.
 */
export function renderTeams(notice: ReviewNotice): Record<string, unknown> {
  const { shown, more } = reasonsOf(notice);
  const reasons = [...shown.map((reason) => `- ${reason}`), ...(more === 0 ? [] : [`and ${more} more`])];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: headlineOf(notice),
          body: [
            paragraph({ text: headlineOf(notice), weight: 'Bolder', size: 'Medium' }),
            ...factsOf(notice).map(({ label, value, fromAgent }) =>
              paragraph({ text: `${label}: `, weight: 'Bolder' }, { text: value, ...(fromAgent ? { fontType: 'Monospace' } : {}) }),
            ),
            ...(reasons.length === 0 ? [] : [paragraph({ text: 'Reasons:', weight: 'Bolder' })]),
            ...reasons.map((text) => paragraph({ text })),
          ],
          actions: linksOf(notice).map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
          msteams: { width: 'Full' },
        },
      },
    ],
  };
}

interface Run {
  text: string;
  weight?: 'Bolder';
  size?: 'Medium';
  fontType?: 'Monospace';
}

const paragraph = (...runs: Run[]): Record<string, unknown> => ({ type: 'RichTextBlock', inlines: runs.map((run) => ({ type: 'TextRun', ...run })) });
