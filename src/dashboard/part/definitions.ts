/** The definitions of counters, queried once from the service. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { ask } from '../connection/client.ts';
import { byId } from '../connection/document.ts';
import { definitionsDocument, type DefinitionsQuery } from '../generated/host.ts';

/** A counter of the catalogue. */
export type Definition = DefinitionsQuery['counterDefinitions'][number];
/** A kind of object that has counters. */
export type CounterObject = Definition['object'];

const definitions = signal<readonly Definition[] | null>(null);
let isAsked = false;

/** All definitions; empty until they have arrived. */
export function allDefinitions(): ReadonlySignal<readonly Definition[]> {
  if (!isAsked) {
    isAsked = true;
    // After the operations for the page's numbers.
    setTimeout(askForDefinitions);
  }
  return known;
}

function askForDefinitions(): void {
  ask<DefinitionsQuery>(byId(definitionsDocument), {}, ({ data }) => {
    if (data === null) isAsked = false;
    else definitions.value = data.counterDefinitions;
  });
}

const known = computed(() => definitions.value ?? []);

/** The definition of a counter; undefined until it is known, or for a counter that does not exist. */
export function definitionOf(object: CounterObject, field: string): Definition | undefined {
  return allDefinitions().value.find((each) => each.object === object && each.field === field);
}
