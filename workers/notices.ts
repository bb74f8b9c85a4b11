import { createDelivery } from '../activities/delivery.ts';
import { createNotificationActivities, type NotificationActivities } from '../activities/notification.ts';
import { createGuardedFetch } from '../activities/outbound/guarded-fetch.ts';
import { createMailer } from '../activities/outbound/mailer.ts';
import { createReviewLinks } from '../api/access/review-link.ts';
import { createChannelSeal } from '../db/channel-seal.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { ServerConfig } from './config.ts';

export interface Notices {
  activities: NotificationActivities;
  /** Ends what is under way; the runs send it again. */
  close: () => void;
}

/** Everything that reaches people, put together: one mailer and one guarded fetch per process. */
export function createNotices(vault: SubjectVault, { masterKey, publicUrl, outbound = { mail: null, allow: [] } }: ServerConfig): Notices {
  const mailer = outbound.mail === null ? null : createMailer({ ...outbound.mail, allowPrivate: outbound.allow });
  const guarded = createGuardedFetch({ allowPrivate: outbound.allow });
  const links = createReviewLinks(masterKey);
  const now = Date.now;
  const activities = createNotificationActivities({
    vault,
    seal: createChannelSeal(masterKey),
    deliver: createDelivery({ mailer, fetch: guarded.fetch, mailDomain: new URL(publicUrl).hostname, now }),
    decideUrl: (link, purpose) => `${publicUrl}/review/${links.mint(link, purpose)}`,
    publicUrl,
    now,
  });
  return {
    activities,
    close() {
      mailer?.close();
      guarded.close();
    },
  };
}
