import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router } from 'express';
import { openApiDocument } from '../../schemas/openapi.ts';
import { contextOf } from '../context.ts';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>MastGuard API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** A file of its own, since the policy forbids inline script. */
const START = `window.SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });\n`;

/** The OpenAPI document and a page that shows it, all from this server. */
export function docsRoutes({ publicUrl, version }: { publicUrl: string; version: string }): Router {
  const document = JSON.stringify(openApiDocument({ serverUrl: publicUrl, version }));
  const router = Router();
  router.use(['/docs', '/api/v1/openapi.json'], (_req, res, next) => {
    res.setHeader('Cache-Control', 'public, max-age=300');
    next();
  });
  router.get('/api/v1/openapi.json', (_req, res) => {
    contextOf(res).routePath = '/api/v1/openapi.json';
    res.type('application/json').send(document);
  });
  router.get('/docs', (_req, res) => {
    contextOf(res).routePath = '/docs';
    res.type('html').send(PAGE);
  });
  router.get('/docs/start.js', (_req, res) => {
    contextOf(res).routePath = '/docs/{file}';
    res.type('application/javascript').send(START);
  });
  for (const asset of ASSETS) {
    router.get(`/docs/${asset}`, (_req, res) => {
      contextOf(res).routePath = '/docs/{file}';
      res.sendFile(join(SWAGGER_UI, asset), { cacheControl: false });
    });
  }
  return router;
}
