/** Hundreds of visitors. */
import { startServiceHere, type ServiceHere } from './service-here.ts';
import { visit } from './visit.ts';

/** How many run at the same time. */
const concurrency = 20;
/** This long after their start, some clients have connected, some have left and some are about to. */
const untilShutdownMilliseconds = 30;

/** This many visits, of each sort in turn. */
export async function runVisits(service: ServiceHere, count: number): Promise<void> {
  let next = 0;
  const visitor = async (): Promise<void> => {
    while (next < count) await visit(service, next++);
  };
  await Promise.all(Array.from({ length: concurrency }, visitor));
}

/** A service of its own that ends while the visits are under way. */
export async function shutDownUnderVisits(count: number): Promise<void> {
  const service = await startServiceHere();
  const underWay = Array.from({ length: count }, (_, n) => visit(service, n));
  await new Promise((resolve) => setTimeout(resolve, untilShutdownMilliseconds));
  await service.close();
  await Promise.all(underWay);
}
