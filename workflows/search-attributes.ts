import type { SearchAttributeType } from '@temporalio/common';

const key = <T extends SearchAttributeType>(name: string, type: T) => ({ name, type });

/** Search attributes of our runs. They are not encrypted: ids, values and categories only. Registered at start-up. */
export const SEARCH_ATTRIBUTE = {
  orgId: key('OrgId', 'KEYWORD'),
  agentId: key('AgentId', 'KEYWORD'),
  decision: key('Decision', 'KEYWORD'),
  reviewState: key('ReviewState', 'KEYWORD'),
  mastCategory: key('MastCategory', 'KEYWORD_LIST'),
  riskScore: key('RiskScore', 'INT'),
  reviewDueAt: key('ReviewDueAt', 'DATETIME'),
} as const;
