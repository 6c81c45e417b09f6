/** The documents that the dashboard sends: the documents of its manifest, and one for each counter that it can draw. */
import { countersOf } from '../catalogue/catalogue.ts';
import { isTotal } from '../catalogue/counter.ts';
import type { StatisticsObject } from '../catalogue/group.ts';
import type { AllowedDocument } from './allowlist.ts';
import { documentIdOf } from './named-document.ts';

/** The documents of the dashboard for one kind of graph. */
export interface DashboardManifest {
  readonly documents: readonly string[];
  /** Documents in which the field of one counter is a placeholder for any counter of the object. */
  readonly counterTemplates: readonly CounterTemplate[];
}

/** A document with a placeholder for the field of a counter. */
export interface CounterTemplate {
  readonly object: StatisticsObject;
  /** Whether it is for counters with rates or for counters without. */
  readonly hasRate: boolean;
  /** The field that is replaced. */
  readonly field: string;
  readonly text: string;
}

/** All documents, including each template with every counter of the catalogue. */
export function makeOwnDocuments({
  documents,
  counterTemplates,
}: DashboardManifest): readonly AllowedDocument[] {
  const filled = counterTemplates.flatMap(({ object, hasRate, field, text }) =>
    countersOf(object)
      .filter((counter) => isTotal(counter) === hasRate)
      .map((counter) => text.replaceAll(field, counter.field)),
  );
  return [...documents, ...filled].map((text) => ({ documentId: documentIdOf(text), text }));
}
