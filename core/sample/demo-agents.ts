import type { AgentProfile } from '../../schemas/agent.ts';

/** Profiles of the agents in the story, by agent id. */
export const DEMO_AGENTS: Readonly<Record<string, AgentProfile>> = {
  'billing-assistant': {
    owner: 'finance@example.com',
    purpose: 'Sends payment reminders, issues small refunds and reconciles payments.',
    grantedTools: [
      { name: 'list_overdue_invoices', labels: { source: 'trusted', reads: 'internal', effect: 'none' } },
      { name: 'get_invoice', labels: { source: 'trusted', reads: 'internal', effect: 'none' } },
      { name: 'send_email', labels: { effect: 'egress' } },
      {
        name: 'issue_refund',
        args: {
          orderId: { type: 'string', required: true, pattern: 'SO-[0-9]{5}' },
          amount: { type: 'number', required: true, min: 0.01, max: 500 },
          currency: { type: 'string', enum: ['EUR', 'GBP'] },
        },
        additionalArgs: false,
        labels: { effect: 'write' },
      },
      { name: 'apply_discount', args: { percent: { type: 'number', required: true, min: 0, max: 30 } }, labels: { effect: 'write' } },
      { name: 'reconcile_payments', labels: { source: 'trusted', reads: 'private', effect: 'none' } },
    ],
    limits: { maxSteps: 200, maxSpend: 5 },
  },
  'support-desk': {
    owner: 'support@example.com',
    purpose: 'Answers tickets with what the shop and the help centre know.',
    grantedTools: [
      { name: 'get_order', labels: { source: 'trusted', reads: 'private', effect: 'none' } },
      { name: 'get_customer', labels: { source: 'trusted', reads: 'private', effect: 'none' } },
      { name: 'search_help_centre', labels: { source: 'untrusted', reads: 'public', effect: 'none' } },
      { name: 'send_reply', labels: { effect: 'egress' } },
      { name: 'export_contacts', labels: { source: 'trusted', reads: 'private', effect: 'egress' } },
    ],
    limits: { maxSteps: 100 },
  },
  'ops-runner': {
    owner: 'platform@example.com',
    purpose: 'Watches the shop, releases new versions and keeps its disks clean.',
    grantedTools: [
      { name: 'check_service_health', labels: { source: 'trusted', reads: 'internal', effect: 'none' } },
      { name: 'restart_service', labels: { effect: 'write' } },
      { name: 'deploy_service', labels: { effect: 'write' } },
      { name: 'read_file', labels: { source: 'trusted', reads: 'internal', effect: 'none' } },
      { name: 'run_command', labels: { effect: 'exec' } },
      { name: 'run_sql', labels: { reads: 'internal', effect: 'write' } },
      { name: 'delete_build_artifacts', labels: { effect: 'destroy' } },
    ],
    limits: { maxSteps: 500 },
    scope: { paths: ['/srv/shop'] },
  },
};
