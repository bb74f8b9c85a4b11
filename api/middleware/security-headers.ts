import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** One policy for everything served: own files only, no inline script or style, no framing, no plug-ins. */
export function securityHeaders(): RequestHandler {
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    // With `no-referrer`, browsers send `Origin: null` with our own forms, and those that send no `Sec-Fetch-Site` would be refused.
    referrerPolicy: { policy: 'same-origin' },
  });
  return (req, res, next) => {
    // Answers hold one tenant's data; pages that may be kept say so themselves.
    res.setHeader('Cache-Control', 'no-store');
    protect(req, res, next);
  };
}
