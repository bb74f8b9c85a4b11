import type { SessionPrincipal } from '../access/principal.ts';

/** What surrounds every page. */
export interface Chrome {
  title: string;
  /** Null where nobody is signed in. */
  member: { name: string; role: string; organization: string } | null;
  links: { href: string; text: string; isCurrent: boolean }[];
}

export interface ChromeInput {
  title: string;
  principal: SessionPrincipal;
  organization: string;
  /** Path of the page shown. */
  path: string;
  temporalUrl: string | null;
}

export function chromeOf({ title, principal: { name, role, scopes }, organization, path, temporalUrl }: ChromeInput): Chrome {
  const pages = [
    { href: '/dashboard', text: 'Dashboard' },
    ...(scopes.includes('keys:manage') ? [{ href: '/dashboard/developer', text: 'API keys' }] : []),
    { href: '/docs', text: 'API reference' },
    ...(temporalUrl === null ? [] : [{ href: temporalUrl, text: 'Temporal UI' }]),
  ];
  return { title, member: { name, role, organization }, links: pages.map((link) => ({ ...link, isCurrent: link.href === path })) };
}

export const signedOutChrome = (title: string): Chrome => ({ title, member: null, links: [] });
