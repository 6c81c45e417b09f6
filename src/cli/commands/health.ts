/** The health metrics of the service, for this process or all processes, and their listener. */
import type { Logger } from 'pino';
import type { HealthReport, ServiceHealth } from '../../metrics/service-health.ts';
import { openHealthListener, type HealthListener } from '../../server/http/health-listener.ts';
import type { ServeSettings } from '../settings/settings.ts';
import type { ServeContext } from './serve-resources.ts';

/** The health of the whole service. A scrape has the counters even if the other processes do not reply. */
export function healthReport(
  health: ServiceHealth,
  { healthOfAll, log }: Pick<ServeContext, 'healthOfAll' | 'log'>,
): () => Promise<HealthReport> {
  if (healthOfAll === undefined) return () => health.report();
  healthOfAll.onRequest(() => health.report());
  return async () => {
    try {
      return await healthOfAll.collect();
    } catch (thrown) {
      log.warn({ err: thrown }, 'the health of the other processes is unknown');
      return [];
    }
  };
}

/** Opens the listener if the settings have one, otherwise returns null. Rejects with a UsageError. */
export async function openHealth(
  { metricsListen }: Pick<ServeSettings, 'metricsListen'>,
  { log, report }: { readonly log: Logger; readonly report: () => Promise<HealthReport> },
): Promise<HealthListener | null> {
  if (metricsListen === null) return null;
  const listener = await openHealthListener({ ...metricsListen, report, log });
  log.info(
    { host: metricsListen.host, port: listener.port },
    'the health of the service is at /metrics there',
  );
  return listener;
}
