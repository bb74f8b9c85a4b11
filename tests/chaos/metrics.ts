/** Times of answered decisions as the server counts them, from the arrival of a request to the end of its answer. */
export async function decisionTimes(metricsUrl: string): Promise<{ count: number; withinASecond: number }> {
  const text = await read(metricsUrl);
  const labels = 'method="POST",route="/api/v1/governance/events",status="200"';
  return {
    count: valueOf(text, `mastguard_http_request_duration_seconds_count{${labels}}`),
    withinASecond: valueOf(text, `mastguard_http_request_duration_seconds_bucket{le="1",${labels}}`),
  };
}

/** Memory of the process that serves these metrics. */
export async function residentMiB(metricsUrl: string): Promise<number> {
  return Math.round(valueOf(await read(metricsUrl), 'process_resident_memory_bytes') / 1_048_576);
}

async function read(metricsUrl: string): Promise<string> {
  const response = await fetch(metricsUrl);
  return response.text();
}

function valueOf(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
