import { listen, type Listener } from '../db/listen.ts';
import type { SubjectVault } from '../db/subject-vault.ts';

/** Forgets keys that any process destroys, at once. What was missed while the connection was lost is forgotten with everything else. */
export function listenForErasures(vault: SubjectVault, onError: (error: unknown) => void): Listener {
  return listen(vault.sql, {
    channel: 'mg_subject',
    onNotice(payload) {
      const [orgId = '', subject = ''] = payload.split(' ');
      vault.forget(orgId, subject);
    },
    onConnect: () => vault.forgetAll(),
    onError,
  });
}
