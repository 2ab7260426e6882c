import { html, type Html } from "./html.ts";

/** A whole page. `refreshS`: after how many seconds the browser asks again; absent: not. */
export function page(title: string, body: Html, refreshS?: number): string {
  const refresh = refreshS === undefined ? html`` : html`<meta http-equiv="refresh" content="${refreshS}" />`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${refresh}
        <title>${title} · Hearth</title>
        <style>
          body {
            font:
              15px/1.5 system-ui,
              sans-serif;
            margin: 2rem auto;
            max-width: 75rem;
            padding: 0 1rem;
            color: #1b1b1b;
            background: #fff;
          }
          table {
            border-collapse: collapse;
            width: 100%;
            margin: 0.5rem 0 1.5rem;
          }
          th,
          td {
            text-align: left;
            vertical-align: top;
            padding: 0.25rem 0.75rem 0.25rem 0;
            border-bottom: 1px solid #ddd;
          }
          code,
          pre {
            font:
              13px/1.45 ui-monospace,
              monospace;
          }
          pre {
            background: #f6f6f4;
            padding: 0.75rem;
            overflow-x: auto;
            white-space: pre-wrap;
          }
          .succeeded,
          .ready {
            color: #17692f;
          }
          .failed,
          .timedOut,
          .cancelled,
          .lost {
            color: #a61b1b;
          }
          .running {
            color: #1a4fa0;
          }
          .note {
            color: #666;
          }
        </style>
      </head>
      <body>
        <p><a href="/">Hearth</a></p>
        ${body}
      </body>
    </html>`.text;
}
