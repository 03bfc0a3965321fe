import type { RequestHandler } from 'express';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const start = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });`;

/** `GET /docs`: the OpenAPI document for people, all of it served from here. */
export const docsPage: RequestHandler = (_req, res) => {
  res.type('html').send(page);
};

/** The page's one script, in a file of its own because the content security policy allows no inline scripts. */
export const docsScript: RequestHandler = (_req, res) => {
  res.type('text/javascript').send(start);
};
