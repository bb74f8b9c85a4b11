export { AuditLogger } from '@microsoft/agent-governance-sdk';
